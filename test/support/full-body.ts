/** A body of `POST /containers/create` in which every field that Petri has is set, to spoil one at a time. */

export const fullCreateBody = {
  Hostname: 'h',
  Domainname: 'd',
  User: '0:0',
  AttachStdin: false,
  AttachStdout: true,
  AttachStderr: true,
  ExposedPorts: { '80/tcp': {} },
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: ['A=b'],
  Cmd: ['true'],
  Healthcheck: {
    Test: ['NONE'],
    Interval: 1e9,
    Timeout: 1e9,
    StartPeriod: 1e9,
    StartInterval: 1e9,
    Retries: 3,
  },
  ArgsEscaped: false,
  Image: 'busybox',
  WorkingDir: '/',
  Entrypoint: ['/bin/true'],
  NetworkDisabled: false,
  OnBuild: ['RUN x'],
  Labels: { a: 'b' },
  StopSignal: 'SIGTERM',
  StopTimeout: 3,
  Shell: ['sh', '-c'],
  HostConfig: {
    Binds: ['/tmp:/mnt:ro'],
    ContainerIDFile: '',
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
    NetworkMode: 'none',
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    AutoRemove: false,
    VolumeDriver: '',
    ConsoleSize: [24, 80],
    Annotations: { a: 'b' },
    Mounts: [
      {
        Type: 'tmpfs',
        Target: '/t',
        ReadOnly: false,
        TmpfsOptions: { SizeBytes: 65536, Mode: 448 },
      },
    ],
    CapAdd: ['CHOWN'],
    CapDrop: ['MKNOD'],
    CgroupnsMode: 'private',
    Dns: ['127.0.0.1'],
    DnsOptions: ['ndots:1'],
    DnsSearch: ['example.com'],
    ExtraHosts: ['a:127.0.0.1'],
    GroupAdd: ['10'],
    IpcMode: 'private',
    Cgroup: '',
    OomScoreAdj: 100,
    PidMode: '',
    Privileged: false,
    PublishAllPorts: false,
    ReadonlyRootfs: false,
    SecurityOpt: ['no-new-privileges'],
    Tmpfs: { '/s': 'size=64k' },
    UTSMode: '',
    UsernsMode: '',
    ShmSize: 65536,
    Sysctls: { 'net.ipv4.ip_forward': '0' },
    Runtime: '',
    Isolation: '',
    Init: false,
    CpuShares: 512,
    Memory: 67108864,
    NanoCpus: 500000000,
    CgroupParent: '/petri-fuzz',
    BlkioWeight: 100,
    MemorySwappiness: 10,
    OomKillDisable: false,
    CpuPeriod: 0,
    CpuQuota: 0,
    CpusetCpus: '0',
    CpusetMems: '0',
    Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/n', CgroupPermissions: 'r' }],
    DeviceCgroupRules: ['c 1:3 r'],
    MemoryReservation: 33554432,
    MemorySwap: 134217728,
    PidsLimit: 20,
    Ulimits: [{ Name: 'nofile', Soft: 64, Hard: 128 }],
    MaskedPaths: ['/proc/kcore'],
    ReadonlyPaths: ['/proc/sys'],
  },
};

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Where in a body a value is. */
export type Path = readonly string[];

const samples: readonly Json[] = [true, 7, 7.5, 'text', [], [7], {}, { a: 7 }];

export interface Spoilt {
  body: Json;
  path: Path;
  value: Json;
}

/** The body with each field in turn of each type that it cannot be. */
export function* wrongTypes(whole: Json): Generator<Spoilt> {
  for (const path of pathsOf(whole)) {
    const right = valueAt(whole, path);
    for (const value of samples)
      if (isWrong(path, right, value)) yield { body: withValue(whole, path, value), path, value };
  }
}

/** Every place in a value, the outermost left out. */
export function pathsOf(value: Json, above: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [...above, key],
    ...pathsOf(inner, [...above, key]),
  ]);
}

export function valueAt(value: Json, path: Path): Json {
  return path.reduce<Json>((inner, key) => (inner as Record<string, Json>)[key] ?? null, value);
}

export function withValue(whole: Json, [key, ...rest]: Path, value: Json): Json {
  if (key === undefined) return value;
  const inner = withValue((whole as Record<string, Json>)[key] ?? null, rest, value);
  if (Array.isArray(whole)) return whole.map((item, i) => (String(i) === key ? inner : item));
  return { ...(whole as object), [key]: inner };
}

/** A program may also be one text; a set has objects of any kind in it; an empty list or map fits all lists and maps. */
function isWrong(path: Path, right: Json, value: Json): boolean {
  const [first, second] = path;
  if (kindOf(right) === kindOf(value)) return hasWrongItem(path, right, value);
  if (['Cmd', 'Entrypoint', 'Shell'].includes(first ?? '') && path.length === 1)
    return typeof value !== 'string';
  if (first === 'ExposedPorts' && second) return kindOf(value) !== 'map';
  return true;
}

function hasWrongItem([first]: Path, right: Json, value: Json): boolean {
  if (typeof right === 'number') return Number.isInteger(right) && !Number.isInteger(value);
  if (kindOf(right) === 'list')
    return (
      Array.isArray(value) &&
      value.length > 0 &&
      (right as Json[]).some((item) => typeof item !== 'number')
    );
  if (kindOf(right) !== 'map' || Object.keys(value as object).length === 0) return false;
  const items = Object.values(right as object);
  return (
    first !== 'ExposedPorts' &&
    items.every((item) => typeof item === 'string') &&
    items.length === 1
  );
}

function kindOf(value: Json): string {
  return Array.isArray(value)
    ? 'list'
    : value === null
      ? 'null'
      : typeof value === 'object'
        ? 'map'
        : typeof value;
}
