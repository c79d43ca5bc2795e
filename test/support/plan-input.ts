/** Inputs for plans: one ordinary container, which a test alters in one line. */
import type { ContainerConfig, HostConfig } from '../../src/container/config.ts';
import type { PlanInput } from '../../src/container/plan/input.ts';
import { capabilityNames } from '../../src/kernel/capabilities.ts';
import { endpointSteps } from '../../src/network/endpoint-steps.ts';
import { Paths } from '../../src/store/paths.ts';

const ID = 'c0ffee'.padEnd(64, '0');

export const V1: PlanInput['facts']['cgroup'] = {
  mode: 'v1',
  hierarchies: ['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'blkio', 'pids'].map(
    (name) => ({ name, controllers: [name], path: `/sys/fs/cgroup/${name}` }),
  ),
};

export const V2: PlanInput['facts']['cgroup'] = {
  mode: 'v2',
  root: '/sys/fs/cgroup',
  controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
};

export function planInput(
  config: Partial<ContainerConfig> = {},
  hostConfig: Partial<HostConfig> = {},
  changes: Partial<PlanInput> = {},
): PlanInput {
  return {
    record: {
      schema: 1,
      id: ID,
      name: 'calm_yeast',
      createdAt: '2026-01-02T03:04:05.000000000Z',
      imageId: `sha256:${'1'.repeat(64)}`,
      config: { ...CONFIG, ...config },
      hostConfig: { ...HOST_CONFIG, ...hostConfig },
      path: 'sh',
      args: ['-c', 'echo hi'],
      state: { status: 'created', exitCode: 0, error: '' },
      restartCount: 0,
      endpoints: {},
    },
    paths: new Paths('/var/lib/petri', '/run/petri').container(ID),
    facts: {
      bootId: 'boot',
      lastCapability: 40,
      capabilities: capabilityNames,
      cgroup: V2,
      overlayLowerdirPlus: true,
      swapLimit: true,
      groupFiles: ['memory.oom_control', 'memory.swappiness', 'blkio.weight', 'io.weight'],
      cpus: 2,
      memoryBytes: 2 ** 34,
    },
    seccomp: 'BgAAAAAA/38=',
    identity: { uid: 0, gid: 0, groups: [0, 10], home: '/root' },
    lowerDirs: ['/var/lib/petri/layers/init/diff', '/var/lib/petri/layers/aa/diff'],
    network: endpointSteps([
      { bridgeName: 'petri0', mtu: 1500, endpoint: ENDPOINT, hasDefaultRoute: true },
    ]),
    netns: 'own',
    bindSources: new Map(),
    volumeSources: new Map(),
    missingFolders: [],
    parentGroups: { missing: [] },
    blockDevices: new Map(),
    devices: [],
    joined: {},
    etc: new Paths('/var/lib/petri', '/run/petri').container(ID),
    kernelPaths: new Map([
      ['/proc/kcore', 'file'],
      ['/sys/firmware', 'directory'],
      ['/proc/sys', 'directory'],
      ['/proc/sysrq-trigger', 'file'],
    ]),
    ...changes,
  };
}

const ENDPOINT = {
  interfaceName: 'eth0',
  ipAddress: '10.88.0.2',
  prefixLength: 16,
  gateway: '10.88.0.1',
  macAddress: '02:42:0a:58:00:02',
  hostInterface: 'veth12345678',
};

export const CONFIG: ContainerConfig = {
  Hostname: 'c0ffee000000',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: true,
  AttachStderr: true,
  ExposedPorts: null,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: ['COLOR=blue'],
  Cmd: ['sh', '-c', 'echo hi'],
  Image: 'busybox',
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: {},
};

export const HOST_CONFIG: HostConfig = {
  Binds: null,
  ContainerIDFile: '',
  LogConfig: { Type: 'json-file', Config: {} },
  NetworkMode: 'bridge',
  PortBindings: null,
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: '',
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: '',
  Cgroup: '',
  Links: null,
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: '',
  UsernsMode: '',
  ShmSize: 0,
  Runtime: '',
  Isolation: '',
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: '',
  BlkioWeight: 0,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  Devices: null,
  DeviceCgroupRules: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: null,
  MaskedPaths: null,
  ReadonlyPaths: null,
};
