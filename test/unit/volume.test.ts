/** Volumes as text: names, options of the driver, requests (B07). */
import { describe, expect, test } from 'vitest';
import { volumeRequest } from '../../src/api/schema/volume.ts';
import { InvalidError, NotBuiltError, NotFoundError } from '../../src/errors/errors.ts';
import { assertVolumeRequest } from '../../src/volume/create.ts';
import { assertVolumeName, isVolumeName } from '../../src/volume/name.ts';
import { assertDriverOptions, deviceOf, isRemote } from '../../src/volume/options.ts';

describe('names', () => {
  test.each(['aa', 'A.b_c-d', '0x', 'n'.repeat(240)])('%j', (name) => {
    expect(() => assertVolumeName(name)).not.toThrow();
    expect(isVolumeName(name)).toBe(true);
  });
  test.each([
    'a',
    '.a',
    '..',
    '-a',
    'a/b',
    '/a',
    '../a',
    'a b',
    'a\n',
    'a\0',
    'ä1',
    'n'.repeat(241),
    'data.broken-2026-01-02T030405.678Z',
  ])('%j is refused', (name) => {
    expect(() => assertVolumeName(name)).toThrow(InvalidError);
    expect(() => assertVolumeName(name)).toThrow(`create ${name}: `);
    expect(isVolumeName(name)).toBe(false);
  });
});

describe('options of the driver', () => {
  test.each([
    [{}, undefined],
    [
      { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=700,noexec' },
      { source: 'tmpfs', fstype: 'tmpfs', flags: ['MS_NOEXEC'], data: 'size=1m,mode=700' },
    ],
    [
      { type: 'none', device: '/srv', o: 'bind,ro' },
      { source: '/srv', fstype: 'none', flags: ['MS_BIND', 'MS_RDONLY'], data: '' },
    ],
    [
      { type: 'nfs', device: ':/export', o: 'addr=10.0.0.2,rw,vers=4' },
      { source: ':/export', fstype: 'nfs', flags: [], data: 'addr=10.0.0.2,vers=4' },
    ],
    [
      { type: 'none', device: '/srv', o: 'defaults,rbind' },
      { source: '/srv', fstype: 'none', flags: ['MS_BIND', 'MS_REC'], data: '' },
    ],
  ])('%j', (options, device) => {
    expect(() => assertDriverOptions(options)).not.toThrow();
    expect(deviceOf(options)).toEqual(device);
  });
  test.each([
    [{ nosuch: 'x' }, 'invalid option: "nosuch"'],
    [{ toString: 'x' }, 'invalid option: "toString"'],
    [{ type: 'tmpfs' }, 'missing required option: "device"'],
    [{ device: '/x' }, 'missing required option: "type"'],
    [{ o: 'ro' }, 'missing required option: "device"'],
    [{ size: '1g' }, 'quota size requested but no quota support'],
    [{ type: 'none', device: '/x', o: 'bind,remount' }, 'cannot be mounted with remount'],
    [{ type: 'none', device: '/x', o: 'bind,rshared' }, 'cannot be mounted with rshared'],
    [{ type: 'none', device: '/x\0y' }, 'a NUL is not allowed'],
  ])('%j is refused', (options, why) => {
    expect(() => assertDriverOptions(options as unknown as Record<string, string>)).toThrow(why);
  });
  test('servers are told from what is on this host', () => {
    const of = (fstype: string) => isRemote({ source: '', fstype, flags: [], data: '' });
    expect(['nfs', 'nfs4', 'cifs'].map(of)).toEqual([true, true, true]);
    expect(['tmpfs', 'none', 'ext4', 'nfsd'].map(of)).toEqual([false, false, false, false]);
  });
});

describe('requests', () => {
  test('an unknown driver is not found', () => {
    const request = { name: 'data', driver: 'other', labels: null, options: null };
    expect(() => assertVolumeRequest(request)).toThrow(NotFoundError);
    expect(() => assertVolumeRequest(request)).toThrow(
      'create data: error looking up volume plugin other: plugin "other" not found',
    );
  });
  test('the body', () => {
    expect(volumeRequest({})).toEqual({ name: '', driver: '', labels: null, options: null });
    expect(() => volumeRequest(undefined)).toThrow('got EOF while reading request body');
    expect(() => volumeRequest({ Name: 1 })).toThrow('invalid value for Name');
    expect(() => volumeRequest({ DriverOpts: { a: 1 } })).toThrow('DriverOpts.a');
    expect(() => volumeRequest({ ClusterVolumeSpec: {} })).toThrow(NotBuiltError);
  });
});
