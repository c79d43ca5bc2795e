/** Gives back what a container held while it was alive: its groups, its address, its run folder. */
import { rm } from 'node:fs/promises';
import { removeCgroup } from '../kernel/cgroup.ts';
import type { Engine } from './engine.ts';
import { cgroupPaths } from './plan/cgroup.ts';
import type { Endpoint } from './record.ts';
import type { Container } from './table.ts';

/** Idempotent: what is gone already is passed over. */
export async function release(
  engine: Engine,
  container: Container,
  endpoints: Record<string, Endpoint>,
): Promise<void> {
  for (const path of cgroupPaths({ facts: engine.facts, record: container.record }))
    await removeCgroup(path).catch((error) =>
      engine.log.warn({ err: error, id: container.id }, 'cannot remove a control group'),
    );
  for (const { ipAddress } of Object.values(endpoints)) engine.network.pool.release(ipAddress);
  await rm(container.paths.runDir, { recursive: true, force: true });
}
