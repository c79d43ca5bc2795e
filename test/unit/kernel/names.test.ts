import { describe, expect, it } from 'vitest';
import { InvalidError } from '../../../src/errors/errors.ts';
import {
  capabilitiesOf,
  capabilityMask,
  capabilityNames,
  dockerCapabilities,
} from '../../../src/kernel/capabilities.ts';
import { makedev } from '../../../src/kernel/files.ts';
import { isAtLeast, kernelVersion } from '../../../src/kernel/kernel-version.ts';
import { parseStartTicks } from '../../../src/kernel/pidfd.ts';
import {
  effectiveCapabilities,
  type HostProbe,
  missingRequirements,
} from '../../../src/kernel/requirements.ts';
import { parseSignal, signalName } from '../../../src/kernel/signals.ts';

describe('capabilities', () => {
  it('stand at the index of their number', () => {
    expect(capabilityNames[0]).toBe('CAP_CHOWN');
    expect(capabilityNames[21]).toBe('CAP_SYS_ADMIN');
    expect(capabilityNames.at(-1)).toBe('CAP_CHECKPOINT_RESTORE');
    expect(capabilityNames).toHaveLength(41);
  });
  it("docker's 14 are the mask docker's containers show in /proc/1/status", () => {
    expect(capabilityMask(dockerCapabilities)).toBe(0xa80425fbn);
    expect(capabilitiesOf(0xa80425fbn).toSorted()).toEqual(dockerCapabilities.toSorted());
  });
});

describe('signals', () => {
  it.each([
    ['KILL', 9],
    ['SIGKILL', 9],
    ['sigterm', 15],
    ['9', 9],
    ['RTMIN', 34],
    ['SIGRTMIN+3', 37],
    ['RTMAX-1', 63],
    ['64', 64],
    ['CLD', 17],
    ['IOT', 6],
  ])('%s is %i', (text, number) => expect(parseSignal(text)).toBe(number));

  it.each(['FOO', '0', '65', '', 'SIG', '-9', '9x', 'SIGSIGKILL', 'RTMIN+31'])(
    '%j is refused',
    (text) => {
      expect(() => parseSignal(text)).toThrow(new InvalidError(`Invalid signal: ${text}`));
    },
  );

  it('have their usual name', () => {
    expect([15, 6, 17, 29, 37, 62, 64, 32].map(signalName)).toEqual([
      'SIGTERM',
      'SIGABRT',
      'SIGCHLD',
      'SIGIO',
      'SIGRTMIN+3',
      'SIGRTMAX-2',
      'SIGRTMAX',
      '32',
    ]);
  });
});

describe('small parsers', () => {
  it('a start time is field 22, whatever the program calls itself', () => {
    const tail = `S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20`;
    expect(parseStartTicks(`12 (a) b (c) ${tail}`)).toBe(4242);
  });
  it('a device number packs as makedev(3) does', () => {
    expect([makedev(1, 3), makedev(10, 229), makedev(8, 300), makedev(259, 1)]).toEqual([
      0x103, 0xae5, 0x10082c, 0x10301,
    ]);
  });
  it('versions compare by number, not by text', () => {
    expect(kernelVersion('5.15.0-91-generic')).toMatchObject({ major: 5, minor: 15 });
    expect(isAtLeast(kernelVersion('6.1.0'), { major: 5, minor: 15 })).toBe(true);
    expect(isAtLeast(kernelVersion('5.4.0'), { major: 5, minor: 15 })).toBe(false);
  });
});

describe('what a host lacks', () => {
  const good: HostProbe = {
    uid: 0,
    capabilities: effectiveCapabilities('Name:\tx\nCapEff:\t000001ffffffffff\n'),
    kernel: kernelVersion('6.1.0'),
    overlay: true,
    namespaces: new Set(['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts']),
    cgroup: { mode: 'v2', root: '/sys/fs/cgroup', controllers: ['cpu', 'memory', 'pids'] },
    nftables: true,
  };
  const missing = (change: Partial<HostProbe>) =>
    missingRequirements({ ...good, ...change }).join('\n');

  it('is nothing on a good host', () => expect(missing({})).toBe(''));
  it('each lack has its message and what to do', () => {
    expect(missing({ uid: 1000, overlay: false })).toMatch(/^not root.*sudo$/);
    expect(missing({ capabilities: 0xa80425fbn })).toMatch(/CAP_SYS_ADMIN.*--privileged/);
    expect(missing({ kernel: kernelVersion('5.4.0-1-amd64') })).toMatch(
      /5\.4\.0-1-amd64 is older than 5\.15/,
    );
    expect(missing({ overlay: false })).toMatch(/modprobe overlay/);
    expect(missing({ namespaces: new Set(['mnt']) }).split('\n')).toHaveLength(5);
    expect(missing({ cgroup: undefined })).toMatch(/mount -t cgroup2/);
    expect(missing({ cgroup: { mode: 'v2', root: '/x', controllers: ['cpu', 'pids'] } })).toMatch(
      /memory/,
    );
    expect(missing({ nftables: false })).toMatch(/libnftables1/);
  });
});
