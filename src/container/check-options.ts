/** Every option that a plan is made of, checked when a container is created: a wrong one is refused then, by name. */
import { InvalidError } from '../errors/errors.ts';
import { requestedPorts } from '../network/ports/requests.ts';
import type { ContainerConfig, HostConfig } from './config.ts';
import type { Engine } from './engine.ts';
import { existing } from './existing.ts';
import { lookUpGroups } from './look-up-groups.ts';
import { lookUpSources } from './look-up-mounts.ts';
import { lookUpBlockDevices } from './look-ups.ts';
import { assertLinks } from './network/links.ts';
import { assertBlockIo } from './option/block-io.ts';
import { assertCgroupParent } from './option/cgroup-parent.ts';
import { assertDevices } from './option/devices.ts';
import { logLimits } from './option/log-config.ts';
import { assertModes, joinedContainer } from './option/modes.ts';
import { assertProgram } from './option/program.ts';
import { security } from './option/security.ts';
import { sysctls } from './option/sysctls.ts';
import { assertUlimits } from './option/ulimits.ts';
import { keptCapabilities } from './plan/identity.ts';
import { assertProtectedPaths } from './plan/protect.ts';
import { gatherMounts } from './take-mounts.ts';

/**
 * @returns the options as they are kept: another container is named by its id, so that it may be renamed
 * @throws InvalidError (400), NotFoundError (no such container), NotBuiltError
 */
export function checkOptions(
  engine: Engine,
  config: ContainerConfig,
  host: HostConfig,
): HostConfig {
  assertProgram(config, host);
  keptCapabilities(host.CapAdd ?? [], host.CapDrop ?? []);
  assertModes(host);
  assertCgroupParent(host);
  lookUpGroups(host, engine.facts);
  lookUpSources(gatherMounts(engine, config, host));
  sysctls(host);
  security(host.SecurityOpt);
  assertUlimits(host.Ulimits);
  assertDevices(host);
  assertBlockIo(host);
  lookUpBlockDevices(host);
  assertProtectedPaths(host);
  logLimits(host.LogConfig);
  requestedPorts({ ...host, PublishAllPorts: true }, config.ExposedPorts);
  assertLinks(engine, host.Links);
  const resolved = {
    ...host,
    NetworkMode: byId(engine, host.NetworkMode),
    PidMode: byId(engine, host.PidMode),
    IpcMode: byId(engine, host.IpcMode),
  };
  assertJoins(engine, config, resolved);
  return resolved;
}

function byId(engine: Engine, mode: string): string {
  const ref = joinedContainer(mode);
  return ref === undefined ? mode : `container:${existing(engine, ref).id}`;
}

function assertJoins(engine: Engine, config: ContainerConfig, host: HostConfig): void {
  const ipc = joinedContainer(host.IpcMode);
  if (ipc !== undefined && engine.containers.find(ipc).record.hostConfig.IpcMode !== 'shareable')
    throw new InvalidError(
      `IPC mode container:${ipc}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    );
  if (host.NetworkMode === 'host' && some(host.Links))
    throw new InvalidError(
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    );
  if (joinedContainer(host.NetworkMode) === undefined) return;
  const conflicts: [boolean, string][] = [
    [config.Hostname !== '', 'hostname and the network mode'],
    [publishes(host), 'port publishing and the container type network mode'],
    [
      some(host.Links),
      "container type network can't be used with links. This would result in undefined behavior",
    ],
    [some(host.Dns), 'dns and the network mode'],
    [some(host.ExtraHosts), 'custom host-to-IP mapping and the network mode'],
    [some(config.ExposedPorts), 'port exposing and the container type network mode'],
  ];
  const found = conflicts.find(([isSet]) => isSet);
  if (found) throw new InvalidError(`conflicting options: ${found[1]}`);
}

function publishes({ PortBindings, PublishAllPorts }: HostConfig): boolean {
  return PublishAllPorts || some(PortBindings);
}

function some(value: object | null | undefined): boolean {
  return Object.keys(value ?? {}).length > 0;
}
