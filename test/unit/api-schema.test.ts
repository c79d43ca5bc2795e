/** The body of `POST /containers/create`: every field of each wrong type, null everywhere, what is not built. */
import { describe, expect, test } from 'vitest';
import { createRequest } from '../../src/api/schema/create.ts';
import { unbuilt } from '../../src/api/schema/unbuilt.ts';

const make = (config: object, host?: object) =>
  createRequest({ Image: 'busybox', ...config, ...(host ? { HostConfig: host } : {}) }, 2);

const configFields: Record<string, unknown[]> = {
  text: ['Hostname', 'Domainname', 'User', 'Image', 'WorkingDir', 'MacAddress', 'StopSignal'],
  flag: ['AttachStdin', 'AttachStdout', 'Tty', 'OpenStdin', 'StdinOnce', 'NetworkDisabled'],
  texts: ['Env', 'OnBuild'],
  words: ['Cmd', 'Entrypoint', 'Shell'],
  map: ['ExposedPorts', 'Volumes', 'Labels', 'Healthcheck'],
  number: ['StopTimeout'],
};
const hostFields: Record<string, unknown[]> = {
  text: [
    'ContainerIDFile',
    'NetworkMode',
    'IpcMode',
    'PidMode',
    'UTSMode',
    'CpusetCpus',
    'CgroupnsMode',
  ],
  flag: ['AutoRemove', 'Privileged', 'PublishAllPorts', 'ReadonlyRootfs', 'Init', 'OomKillDisable'],
  texts: [
    'Binds',
    'VolumesFrom',
    'CapAdd',
    'CapDrop',
    'Dns',
    'ExtraHosts',
    'MaskedPaths',
    'Ulimits',
    'Devices',
    'Mounts',
    'ConsoleSize',
  ],
  map: ['PortBindings', 'Tmpfs', 'Sysctls', 'Annotations', 'LogConfig', 'RestartPolicy'],
  number: [
    'ShmSize',
    'CpuShares',
    'Memory',
    'NanoCpus',
    'MemorySwap',
    'PidsLimit',
    'OomScoreAdj',
    'CpuPeriod',
  ],
};
const wrong: Record<string, unknown[]> = {
  text: [1, true, [], {}],
  flag: [1, 'true', [], {}],
  texts: [1, 'a', true, {}, [1], [null]],
  words: [1, true, {}, [1], [null]],
  map: [1, 'a', true, [], { a: 1 }],
  number: ['1', true, [], {}, 1.5],
};

const cases = (fields: Record<string, unknown[]>) =>
  Object.entries(fields).flatMap(([kind, names]) =>
    names.flatMap((name) => (wrong[kind] ?? []).map((value) => [name as string, value] as const)),
  );
const structured = ['Healthcheck', 'LogConfig', 'RestartPolicy'];
const sensible = ([name, value]: readonly [string, unknown]) =>
  !(structured.includes(name) && JSON.stringify(value) === '{"a":1}');

describe('a wrong type is refused, naming the field', () => {
  test.each(cases(configFields).filter(sensible))('%s: %j', (field, value) => {
    expect(() => make({ [field]: value })).toThrow(`invalid value for ${field}`);
  });
  test.each(cases(hostFields).filter(sensible))('HostConfig.%s: %j', (field, value) => {
    expect(() => make({}, { [field]: value })).toThrow(`invalid value for HostConfig.${field}`);
  });
  test.each([[[]], ['text'], [5], [true]])('the body itself: %j', (body) => {
    expect(() => createRequest(body, 2)).toThrow('invalid value for the body');
  });
});

test('null is the zero of every field, and unknown fields are ignored', () => {
  const names = Object.values(configFields).flat() as string[];
  const hostNames = Object.values(hostFields).flat() as string[];
  const nulls = (list: string[]) => Object.fromEntries(list.map((name) => [name, null]));
  const plain = make({});
  expect(
    make({ ...nulls(names), Image: 'busybox', NoSuchField: 1 }, { ...nulls(hostNames), Other: {} }),
  ).toEqual(plain);
  expect(make({ HostConfig: null, NetworkingConfig: null })).toEqual(plain);
});

test('fills the defaults of docker', () => {
  const { config, hostConfig } = make({});
  expect(config).toMatchObject({ Env: [], Labels: {}, Cmd: null, Entrypoint: null, Tty: false });
  expect(hostConfig).toMatchObject({
    LogConfig: { Type: 'json-file', Config: {} },
    NetworkMode: 'default',
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    CgroupnsMode: 'private',
    IpcMode: 'private',
    ShmSize: 67108864,
    PidsLimit: null,
    ConsoleSize: [0, 0],
  });
});

test('a command may be one string', () => {
  expect(make({ Cmd: 'true', Entrypoint: '' }).config).toMatchObject({
    Cmd: ['true'],
    Entrypoint: [''],
  });
});

test.each([
  [undefined, 'config cannot be empty'],
  [null, 'config cannot be empty'],
  [{}, 'config cannot be empty'],
  [{ Cmd: ['true'] }, 'no image specified'],
])('a body without an image: %j', (body, why) => {
  expect(() => createRequest(body, 2)).toThrow(why);
});

test.each([
  [{ Memory: 1024 }, 'Minimum memory limit allowed is 6MB'],
  [{ Memory: -1 }, 'HostConfig.Memory'],
  [{ Memory: 2 ** 53 }, 'HostConfig.Memory'],
  [{ MemorySwap: 1e9 }, 'always set the Memory limit'],
  [{ Memory: 1e9, MemorySwap: 1e8 }, 'larger than memory limit'],
  [{ Memory: 1e8, MemoryReservation: 1e9 }, 'less than memory reservation'],
  [{ NanoCpus: 3e9 }, 'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
  [{ NanoCpus: 1e9, CpuQuota: 50000 }, 'Nano CPUs and CPU Quota cannot both be set'],
  [{ CpuPeriod: 10 }, 'CPU cfs period'],
  [{ CpuQuota: 10 }, 'CPU cfs quota'],
  [{ PidsLimit: -2 }, 'HostConfig.PidsLimit'],
  [{ OomScoreAdj: 1001 }, 'HostConfig.OomScoreAdj'],
  [{ Ulimits: [{ Name: 'nofile', Soft: 'x' }] }, 'HostConfig.Ulimits.0.Soft'],
  [{ AutoRemove: true, RestartPolicy: { Name: 'always' } }, "can't create 'AutoRemove'"],
])('limits that are wrong: %j', (host, why) => {
  expect(() => make({}, host)).toThrow(why);
});

const settings: Record<string, [config: object, host: object]> = {
  'HostConfig.PortBindings': [{}, { PortBindings: { '80/tcp': [{ HostPort: '80' }] } }],
  'HostConfig.NetworkMode': [{}, { NetworkMode: 'mine' }],
  NetworkingConfig: [{ NetworkingConfig: { EndpointsConfig: { mine: {} } } }, {}],
  'NetworkingConfig.EndpointsConfig': [
    {
      NetworkingConfig: {
        EndpointsConfig: { bridge: { IPAMConfig: { IPv4Address: '10.0.0.9' } } },
      },
    },
    {},
  ],
  'HostConfig.RestartPolicy': [{}, { RestartPolicy: { Name: 'always' } }],
  Healthcheck: [{ Healthcheck: { Test: ['CMD', 'true'] } }, {}],
};

describe('an option that is not built is refused by name', () => {
  const inTable = unbuilt.filter(([, field]) => settings[field]);
  test.each(inTable)('%s (%s)', (option, field) => {
    const [config, host] = settings[field] ?? [{}, {}];
    expect(() => make(config, host)).toThrow(`${option} is not built yet (${field})`);
  });
  test('and empty ones are not', () => {
    const host = {
      Binds: [],
      PortBindings: { '80/tcp': null },
      Init: false,
      IpcMode: 'private',
      SecurityOpt: [],
    };
    const networking = {
      EndpointsConfig: { default: { IPAMConfig: {}, Aliases: [], MacAddress: '' } },
    };
    expect(() =>
      make({ NetworkingConfig: networking, Healthcheck: { Test: ['NONE'] } }, host),
    ).not.toThrow();
  });
});
