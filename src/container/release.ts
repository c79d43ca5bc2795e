/** Gives back what a container held while it was alive: its groups, addresses, ports, volumes and run folder. */
import { rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { killGroup, removeCgroup, removeEmptyParents } from '../kernel/cgroup.ts';
import type { PublishedPort } from '../network/ports/published.ts';
import type { Engine } from './engine.ts';
import { endOfExecs } from './exec/end.ts';
import { unmountVolumes } from './mount-volumes.ts';
import { type Endpoints, giveBack } from './network/endpoints.ts';
import { givePortsBack } from './network/ports.ts';
import { sharesProcesses } from './option/modes.ts';
import { cgroupPaths } from './plan/cgroup.ts';
import type { Container } from './table.ts';

/** Of the container's record, or of a start that has come to nothing. */
export interface Held {
  endpoints: Endpoints;
  published?: readonly PublishedPort[];
}

/** Idempotent: what is gone already is passed over. */
export async function release(
  engine: Engine,
  container: Container,
  { endpoints, published }: Held,
): Promise<void> {
  // First of all: what is sent there must not reach whoever has the address next.
  givePortsBack(engine, published ?? []);
  await endOfExecs(container);
  const groups = cgroupPaths({ facts: engine.facts, record: container.record });
  if (sharesProcesses(container.record.hostConfig)) await endAll(container, groups);
  await Promise.all(groups.map((path) => removeGroup(engine, path)));
  for (const path of groups) removeEmptyParents(dirname(path));
  engine.names.stop(container.id);
  giveBack(engine, endpoints);
  await unmountVolumes(engine, container);
  rmSync(container.paths.runDir, { recursive: true, force: true });
}

/** In a pid namespace that is not its own, processes outlive the container's first. */
async function endAll({ id }: Container, [group]: readonly string[]): Promise<void> {
  if (group) await killGroup(group, id);
}

/** An empty group goes at once; one whose last process is still being buried needs another try. */
async function removeGroup(engine: Engine, path: string): Promise<void> {
  try {
    rmdirSync(path);
  } catch {
    await removeCgroup(path).catch((error) =>
      engine.log.warn({ err: error, path }, 'cannot remove a control group'),
    );
  }
}
