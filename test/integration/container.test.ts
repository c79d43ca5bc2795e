/** What a program sees inside a container, against the real kernel. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestEngine, run, type TestEngine } from '../support/engine.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

const sh = (script: string, ...more: [object?, object?]) =>
  run(engine, ['sh', '-c', script], ...more);

describe('a program in a container', () => {
  test('runs, prints, and ends with its exit code', async () => {
    expect(await sh('echo hi; exit 3')).toEqual({ output: 'hi\n', exitCode: 3, error: '' });
  });

  test('is process 1 and sees no other', async () => {
    const { output } = await sh('echo $$; echo /proc/[0-9]*');
    expect(output).toBe('1\n/proc/1\n');
  });

  test('has the capabilities of docker and no inheritable ones', async () => {
    const { output } = await sh('grep Cap /proc/self/status');
    expect(output).toBe(
      'CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\n',
    );
  });

  test('as a user has no capabilities at all', async () => {
    const { output } = await sh('id; grep -E "Cap(Prm|Eff)" /proc/self/status', {
      User: '1000:1001',
    });
    expect(output).toBe(
      'uid=1000 gid=1001 groups=1001\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n',
    );
  });

  test('has descriptors 0, 1, 2 and nothing else', async () => {
    expect((await run(engine, ['ls', '/proc/self/fd'])).output).toBe('0\n1\n2\n3\n');
  });

  test('starts in the working directory, which is made', async () => {
    expect((await sh('pwd', { WorkingDir: '/srv/some/app' })).output).toBe('/srv/some/app\n');
  });

  test('has its own host name, hosts file and address', async () => {
    const { output } = await sh('hostname; cat /etc/hosts; ip -4 addr show eth0', {
      Hostname: 'mars',
    });
    expect(output).toMatch(/^mars\n/);
    expect(output).toContain(engine.engine.networks.defaultBridge.gateway.replace(/\.1$/, '.'));
    expect(output).toContain('\tmars\n');
  });

  test('reaches the gateway', async () => {
    expect(
      (await sh(`ping -c 1 -W 2 ${engine.engine.networks.defaultBridge.gateway}`)).exitCode,
    ).toBe(0);
  });
});
