/** Flags and words of `run` and `create` → the body of `POST /containers/create`. Pure. */
import type { CreateBody } from '../../api/client/types.ts';
import { UsageError } from '../errors.ts';
import { type Flags, flagErrorCode } from '../flags.ts';
import { blockDeviceLimits } from './block-devices.ts';
import { readLines } from './lines.ts';
import type { Mount } from './mount.ts';
import { endpoints, networkMode } from './networks.ts';
import { type PortMaps, parsePorts } from './ports.ts';
import { securityOptions } from './security.ts';
import type { Ulimit } from './ulimit.ts';
import { capabilityName, joinEnvironment, joinLabels, parseRestart } from './values.ts';
import { anonymousVolumes, fromHere, isBind } from './volumes.ts';

export interface Attached {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

/**
 * @param words image, then the program and its arguments
 * @throws UsageError
 */
export function createBody(
  words: readonly string[],
  flags: Flags,
  environment: NodeJS.ProcessEnv,
): CreateBody {
  try {
    return bodyOf(words, flags, environment);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      error instanceof Error ? error.message : String(error),
      flagErrorCode,
      'meaning',
    );
  }
}

/** Which streams the caller is attached to: `-a`, else all output, and stdin with `-i`. */
export function attached(flags: Flags): Attached {
  const names = flags.list('attach').map((name) => name.toLowerCase());
  const wrong = names.find((name) => !['stdin', 'stdout', 'stderr'].includes(name));
  if (wrong !== undefined)
    throw new UsageError(
      `invalid argument ${JSON.stringify(wrong)} for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`,
      flagErrorCode,
    );
  if (flags.switch('detach')) return { stdin: false, stdout: false, stderr: false };
  if (names.length === 0) return { stdin: flags.switch('interactive'), stdout: true, stderr: true };
  return {
    stdin: names.includes('stdin'),
    stdout: names.includes('stdout'),
    stderr: names.includes('stderr'),
  };
}

function bodyOf(
  words: readonly string[],
  flags: Flags,
  environment: NodeJS.ProcessEnv,
): CreateBody {
  const [image = '', ...command] = words;
  const ports = parsePorts(flags.list('publish'), flags.list('expose'));
  const streams = attached(flags);
  const isOpen = flags.switch('interactive');
  const entrypoint = flags.text('entrypoint');
  const stopTimeout = flags.number('stop-timeout');
  return {
    Hostname: flags.text('hostname') ?? '',
    Domainname: flags.text('domainname') ?? '',
    User: flags.text('user') ?? '',
    AttachStdin: streams.stdin,
    AttachStdout: streams.stdout,
    AttachStderr: streams.stderr,
    ExposedPorts: ports.exposed,
    Tty: flags.switch('tty'),
    OpenStdin: isOpen,
    StdinOnce: isOpen && streams.stdin,
    Env: joinEnvironment(readLines(flags.list('env-file')), flags.list('env'), environment),
    Cmd: command.length > 0 ? command : null,
    Image: image,
    Volumes: anonymousVolumes(flags.list('volume')),
    WorkingDir: flags.text('workdir') ?? '',
    // an empty --entrypoint takes the image's away
    Entrypoint: entrypoint === undefined ? null : [entrypoint],
    Labels: joinLabels(readLines(flags.list('label-file')), flags.list('label')),
    ...(flags.text('stop-signal') !== undefined && { StopSignal: flags.text('stop-signal') ?? '' }),
    ...(stopTimeout !== undefined && { StopTimeout: stopTimeout }),
    ...healthcheck(flags),
    HostConfig: hostConfig(flags, ports),
    NetworkingConfig: { EndpointsConfig: endpoints(flags) },
  };
}

const healthNumbers = {
  'health-interval': 'Interval',
  'health-timeout': 'Timeout',
  'health-start-period': 'StartPeriod',
  'health-start-interval': 'StartInterval',
  'health-retries': 'Retries',
} as const;

function healthcheck(flags: Flags): Pick<CreateBody, 'Healthcheck'> {
  const command = flags.text('health-cmd') ?? '';
  const numbers = Object.entries(healthNumbers).filter(([name]) => flags.number(name));
  const isSet = command !== '' || numbers.length > 0;
  if (flags.switch('no-healthcheck')) {
    if (isSet) throw new Error('--no-healthcheck conflicts with --health-* options');
    return { Healthcheck: { Test: ['NONE'] } };
  }
  const negative = numbers.find(([name]) => (flags.number(name) ?? 0) < 0);
  if (negative) throw new Error(`--${negative[0]} cannot be negative`);
  const values = numbers.map(([name, field]) => [field, flags.number(name)]);
  const test = command === '' ? {} : { Test: ['CMD-SHELL', command] };
  return isSet ? { Healthcheck: { ...test, ...Object.fromEntries(values) } } : {};
}

function restartPolicy(flags: Flags): { Name: string; MaximumRetryCount: number } {
  const policy = parseRestart(flags.text('restart') ?? 'no');
  if (flags.switch('rm') && !['no', ''].includes(policy.Name))
    throw new Error('conflicting options: cannot specify both --restart and --rm');
  return policy;
}

function hostConfig(flags: Flags, ports: PortMaps): NonNullable<CreateBody['HostConfig']> {
  const number = (name: string): number => flags.number(name) ?? 0;
  const text = (name: string): string => flags.text(name) ?? '';
  const listOrNull = (name: string): string[] | null => (flags.has(name) ? flags.list(name) : null);
  return {
    Binds: orNull(flags.list('volume').filter(isBind).map(fromHere)),
    ContainerIDFile: text('cidfile'),
    LogConfig: {
      Type: text('log-driver'),
      Config: Object.fromEntries(flags.list<[string, string]>('log-opt')),
    },
    NetworkMode: networkMode(flags),
    PortBindings: ports.bindings,
    RestartPolicy: restartPolicy(flags),
    AutoRemove: flags.switch('rm'),
    VolumeDriver: text('volume-driver'),
    VolumesFrom: listOrNull('volumes-from'),
    CapAdd: orNull(flags.list('cap-add').map(capabilityName)),
    CapDrop: orNull(flags.list('cap-drop').map(capabilityName)),
    CgroupnsMode: text('cgroupns'),
    Dns: flags.list('dns'),
    DnsOptions: flags.list('dns-option'),
    DnsSearch: flags.list('dns-search'),
    ExtraHosts: listOrNull('add-host'),
    GroupAdd: listOrNull('group-add'),
    IpcMode: text('ipc'),
    Links: listOrNull('link'),
    OomScoreAdj: number('oom-score-adj'),
    PidMode: text('pid'),
    Privileged: flags.switch('privileged'),
    PublishAllPorts: flags.switch('publish-all'),
    ReadonlyRootfs: flags.switch('read-only'),
    ...securityOptions(flags),
    ...(flags.has('annotation') && {
      Annotations: Object.fromEntries(flags.list<[string, string]>('annotation')),
    }),
    ...(flags.has('tmpfs') && { Tmpfs: tmpfs(flags.list('tmpfs')) }),
    UTSMode: text('uts'),
    UsernsMode: text('userns'),
    ShmSize: number('shm-size'),
    ...(flags.has('sysctl') && {
      Sysctls: Object.fromEntries(flags.list<[string, string]>('sysctl')),
    }),
    ...(flags.has('runtime') && { Runtime: text('runtime') }),
    ...(flags.has('init') && { Init: flags.switch('init') }),
    ...resources(flags),
  };
}

function resources(flags: Flags): NonNullable<CreateBody['HostConfig']> {
  const number = (name: string): number => flags.number(name) ?? 0;
  return {
    CpuShares: number('cpu-shares'),
    Memory: number('memory'),
    NanoCpus: number('cpus'),
    CgroupParent: flags.text('cgroup-parent') ?? '',
    BlkioWeight: number('blkio-weight'),
    ...blockDeviceLimits(flags),
    CpuPeriod: number('cpu-period'),
    CpuQuota: number('cpu-quota'),
    CpusetCpus: flags.text('cpuset-cpus') ?? '',
    CpusetMems: flags.text('cpuset-mems') ?? '',
    Devices: flags.list('device').map(device),
    DeviceCgroupRules: orNull(flags.list('device-cgroup-rule')),
    MemoryReservation: number('memory-reservation'),
    MemorySwap: number('memory-swap'),
    MemorySwappiness: flags.number('memory-swappiness') ?? -1,
    OomKillDisable: flags.switch('oom-kill-disable'),
    PidsLimit: number('pids-limit'),
    Ulimits: orNull(flags.list<Ulimit>('ulimit')),
    ...(flags.has('mount') && { Mounts: flags.list<Mount>('mount') }),
  };
}

function tmpfs(mounts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    mounts.map((mount) => {
      const [path = '', ...options] = mount.split(':');
      return [path, options.join(':')];
    }),
  );
}

function device(text: string): {
  PathOnHost: string;
  PathInContainer: string;
  CgroupPermissions: string;
} {
  const [host = '', second, third] = text.split(':');
  const isMode = second !== undefined && /^[rwm]+$/.test(second);
  return {
    PathOnHost: host,
    PathInContainer: second === undefined || isMode ? host : second,
    CgroupPermissions: isMode ? second : (third ?? 'rwm'),
  };
}

function orNull<T>(list: T[]): T[] | null {
  return list.length > 0 ? list : null;
}
