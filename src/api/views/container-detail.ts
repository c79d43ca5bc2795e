/** `GET /containers/{id}/json`: docker's document, filled from the record. */

import type { ContainerConfig, HostConfig } from '../../container/config.ts';
import type { Engine } from '../../container/engine.ts';
import type { Health, ProbeResult } from '../../container/health.ts';
import { isAlive } from '../../container/state.ts';
import type { Container } from '../../container/table.ts';
import { NotFoundError } from '../../errors/errors.ts';
import { ZERO_TIME } from '../../store/clock.ts';
import { networksView } from './endpoint.ts';
import { mountsView } from './mounts.ts';
import { portMap } from './ports.ts';

export function containerDetail(
  engine: Engine,
  container: Container,
  sizes?: { SizeRw: number; SizeRootFs: number },
): object {
  const { record, paths } = container;
  // Docker has these files only once it was started.
  const path = (text: string) => (record.state.status === 'created' ? '' : text);
  return {
    Id: record.id,
    Created: record.createdAt,
    Path: record.path,
    Args: record.args,
    State: stateView(container),
    Image: record.imageId,
    ResolvConfPath: path(paths.resolvConf),
    HostnamePath: path(paths.hostname),
    HostsPath: path(paths.hosts),
    LogPath: record.hostConfig.LogConfig.Type === 'none' ? '' : path(paths.log),
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: execIds(container),
    HostConfig: hostConfigView(record.hostConfig),
    GraphDriver: graphDriver(engine, container),
    ...sizes,
    Mounts: mountsView(engine, record),
    Config: configView(record.config),
    NetworkSettings: networkSettings(engine, container),
  };
}

/** Those that have not ended. */
function execIds({ execs }: Container): string[] | null {
  const ids = [...execs.values()].flatMap(({ id, state }) => (state.status === 'ended' ? [] : id));
  return ids.length ? ids : null;
}

function stateView({ record: { state }, health }: Container): object {
  const alive = isAlive(state);
  const ended = 'finishedAt' in state ? state : undefined;
  return {
    Status: state.status,
    Running: alive || state.status === 'restarting',
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: ended?.oomKilled ?? false,
    Dead: state.status === 'dead',
    Pid: alive ? state.pid : 0,
    ExitCode: 'exitCode' in state ? state.exitCode : 0,
    Error: 'error' in state ? state.error : '',
    StartedAt: 'startedAt' in state && state.startedAt ? state.startedAt : ZERO_TIME,
    FinishedAt: ended?.finishedAt || ZERO_TIME,
    ...(health ? { Health: healthView(health) } : {}),
  };
}

function healthView({ status, failingStreak, log }: Health): object {
  const view = ({ start, end, exitCode, output }: ProbeResult) => ({
    Start: start,
    End: end,
    ExitCode: exitCode,
    Output: output,
  });
  return { Status: status, FailingStreak: failingStreak, Log: log.map(view) };
}

/** As docker reads it back: ports and numbers that say nothing are left out, an empty environment is none. */
function configView({ ExposedPorts, Healthcheck, ...config }: ContainerConfig): object {
  const said = Object.entries(Healthcheck ?? {}).filter(([, value]) => value !== 0);
  return {
    ...config,
    Env: config.Env.length > 0 ? config.Env : null,
    ...(ExposedPorts ? { ExposedPorts } : {}),
    ...(Healthcheck ? { Healthcheck: Object.fromEntries(said) } : {}),
  };
}

/** Fields of docker's document that Petri keeps no place for have docker's zero. */
function hostConfigView(hostConfig: HostConfig): object {
  return {
    BlkioWeightDevice: [],
    BlkioDeviceReadBps: [],
    BlkioDeviceWriteBps: [],
    BlkioDeviceReadIOps: [],
    BlkioDeviceWriteIOps: [],
    DeviceRequests: null,
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
    ...hostConfig,
    PortBindings: hostConfig.PortBindings ?? {},
  };
}

function graphDriver(engine: Engine, { record, paths }: Container): object {
  const layers = layersOf(engine, record.imageId);
  return {
    Data: {
      ID: record.id,
      LowerDir: [engine.paths.initLayer, ...layers].join(':'),
      MergedDir: paths.rootfs,
      UpperDir: paths.upper,
      WorkDir: paths.work,
    },
    Name: 'overlay2',
  };
}

/** An image that was removed by force leaves a container that can still be looked at. */
function layersOf(engine: Engine, imageId: string): readonly string[] {
  try {
    return engine.images.find(imageId).layerDirs;
  } catch (error) {
    if (error instanceof NotFoundError) return [];
    throw error;
  }
}

function networkSettings(engine: Engine, { record }: Container): object {
  const bridge = record.endpoints.bridge;
  const { state } = record;
  return {
    Bridge: '',
    SandboxID: isAlive(state) ? record.id : '',
    SandboxKey: isAlive(state) ? `/proc/${state.pid}/ns/net` : '',
    Ports: portMap(record),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.endpointId ?? '',
    Gateway: bridge?.gateway ?? '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    IPAddress: bridge?.ipAddress ?? '',
    IPPrefixLen: bridge?.prefixLength ?? 0,
    IPv6Gateway: '',
    MacAddress: bridge?.macAddress ?? '',
    Networks: networksView(engine, record),
  };
}
