/** `GET /info`: what `docker info` prints. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, machine, release } from 'node:os';
import type { Engine } from '../../container/engine.ts';
import { isAlive } from '../../container/state.ts';
import type { Exchange } from '../exchange.ts';
import { engineVersion } from '../versions.ts';

export function info(exchange: Exchange): void {
  const { engine } = exchange;
  exchange.json({
    ID: createHash('sha256').update(`petri ${engine.paths.data} ${hostname()}`).digest('hex'),
    ...counts(engine),
    ...drivers(engine),
    ...limits,
    SwapLimit: engine.facts.swapLimit,
    OomKillDisable: engine.facts.groupFiles.includes('memory.oom_control'),
    ...host(engine),
    ...daemon(engine),
    ...registry(engine),
    SystemTime: new Date().toISOString(),
    Warnings: null,
  });
}

function counts({ containers, images }: Engine): object {
  const states = containers.all().map(({ record }) => record.state);
  const running = states.filter(({ status }) => status === 'running').length;
  const paused = states.filter(({ status }) => status === 'paused').length;
  return {
    Containers: states.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: states.filter((state) => !isAlive(state)).length,
    Images: images.list().length,
  };
}

function drivers({ facts }: Engine): object {
  return {
    Driver: 'overlay2',
    DriverStatus: [['Native Overlay Diff', 'true']],
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Authorization: null,
      Log: ['json-file', 'local', 'none'],
    },
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: facts.cgroup.mode === 'v2' ? '2' : '1',
    DefaultRuntime: 'petri',
    Runtimes: { petri: { path: 'petri-shim' } },
    InitBinary: '',
    ContainerdCommit: { ID: '', Expected: '' },
    RuncCommit: { ID: '', Expected: '' },
    InitCommit: { ID: '', Expected: '' },
    SecurityOptions: ['name=seccomp,profile=builtin'],
  };
}

const limits = {
  MemoryLimit: true,
  KernelMemoryTCP: false,
  CpuCfsPeriod: true,
  CpuCfsQuota: true,
  CPUShares: true,
  CPUSet: true,
  PidsLimit: true,
  IPv4Forwarding: true,
  BridgeNfIptables: false,
  BridgeNfIp6tables: false,
};

function host({ facts }: Engine): object {
  const system = osRelease();
  return {
    KernelVersion: release(),
    OperatingSystem: system.PRETTY_NAME ?? 'Linux',
    OSVersion: system.VERSION_ID ?? '',
    OSType: 'linux',
    Architecture: machine(),
    NCPU: facts.cpus,
    MemTotal: facts.memoryBytes,
    Name: hostname(),
    GenericResources: null,
    Isolation: '',
  };
}

function daemon({ paths }: Engine): object {
  return {
    DockerRootDir: paths.data,
    ServerVersion: engineVersion,
    Debug: false,
    NFd: -1,
    NGoroutines: -1,
    NEventsListener: 0,
    Labels: [],
    ExperimentalBuild: false,
    LiveRestoreEnabled: true,
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
  };
}

function registry({ registries: { insecure, mirrors } }: Engine): object {
  const isNetwork = (text: string) => text.includes('/');
  const index = (name: string, changes: object) => [
    name,
    { Name: name, Mirrors: [], Secure: false, Official: false, ...changes },
  ];
  const ends = mirrors.map((mirror) => `${mirror}/`);
  return {
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      AllowNondistributableArtifactsCIDRs: null,
      AllowNondistributableArtifactsHostnames: null,
      InsecureRegistryCIDRs: [...insecure.filter(isNetwork), '127.0.0.0/8', '::1/128'],
      IndexConfigs: Object.fromEntries([
        index('docker.io', { Mirrors: ends, Secure: true, Official: true }),
        ...insecure.filter((name) => !isNetwork(name)).map((name) => index(name, {})),
      ]),
      Mirrors: ends,
    },
  };
}

/** os-release(5) */
function osRelease(): Record<string, string | undefined> {
  try {
    const lines = readFileSync('/etc/os-release', 'utf8').split('\n');
    const pairs = lines
      .map((line) => /^(\w+)=["']?(.*?)["']?$/.exec(line))
      .filter((one) => one !== null);
    return Object.fromEntries(pairs.map(([, name, value]) => [name as string, value]));
  } catch {
    // A host without the file has no name of its own.
    return {};
  }
}
