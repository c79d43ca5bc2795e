/**
 * `POST /containers/{id}/update`: other limits for a container that is there already, and another restart policy. The
 * files written are those its plan would write (plan/limits.ts); when the kernel refuses one, the others are put back.
 */
import { readFileSync } from 'node:fs';
import { ConflictError, type EngineError, KernelError } from '../errors/errors.ts';
import { writeFile } from '../kernel/files.ts';
import type { HostConfig } from './config.ts';
import type { Engine } from './engine.ts';
import { emit } from './events.ts';
import { groupOf } from './plan/cgroup.ts';
import { type LimitFile, limitFiles } from './plan/limits.ts';
import { isNone, type RestartPolicy } from './restart-policy.ts';
import { setState } from './set-state.ts';
import { isAlive } from './state.ts';
import type { Container } from './table.ts';

/** What can be changed. A field that is 0, empty or absent stays as it is, as docker's. */
export type ResourceChanges = Partial<
  Pick<
    HostConfig,
    | 'BlkioWeight'
    | 'CpuShares'
    | 'CpuPeriod'
    | 'CpuQuota'
    | 'NanoCpus'
    | 'CpusetCpus'
    | 'CpusetMems'
    | 'Memory'
    | 'MemorySwap'
    | 'MemoryReservation'
    | 'PidsLimit'
  >
> & { RestartPolicy?: RestartPolicy };

/**
 * @param assertValid throws when the limits are wrong in combination, as at create
 * @throws ConflictError for what stands against what is set; when the kernel refuses. Nothing has changed then
 */
export async function update(
  engine: Engine,
  container: Container,
  changes: ResourceChanges,
  assertValid: (host: HostConfig) => void,
): Promise<void> {
  await container.lock.run(async () => {
    const { state, hostConfig: before } = container.record;
    const after = prefixed(container, () => changedHostConfig(before, changes));
    assertValid(after);
    const files = isAlive(state) ? changedFiles(engine, before, after) : [];
    const putBack = writeAll(engine, container, files);
    try {
      await setState(container, state, { hostConfig: after });
    } catch (error) {
      putBack();
      throw error;
    }
    emit(engine, container, 'update');
  });
}

/**
 * The configuration with the changes in it. Pure.
 * @throws ConflictError with docker's words (moby container/container_unix.go, UpdateContainer)
 */
export function changedHostConfig(before: HostConfig, changes: ResourceChanges): HostConfig {
  const { RestartPolicy, PidsLimit, ...numbers } = changes;
  assertNoConflict(before, changes);
  const set = Object.fromEntries(Object.entries(numbers).filter(([, value]) => Boolean(value)));
  const swap = swapTotal(before);
  return {
    ...before,
    // What the memory implied stays what it was when the memory changes.
    ...(changes.Memory && swap ? { MemorySwap: swap } : {}),
    ...set,
    ...(PidsLimit === undefined || PidsLimit === null ? {} : { PidsLimit }),
    ...(RestartPolicy?.Name ? { RestartPolicy } : {}),
  };
}

function assertNoConflict(before: HostConfig, changes: ResourceChanges): void {
  const { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, Memory = 0, MemorySwap = 0 } = changes;
  const cpus = 'Conflicting options:';
  if (NanoCpus > 0 && before.CpuPeriod > 0)
    refuse(`${cpus} Nano CPUs cannot be updated as CPU Period has already been set`);
  if (NanoCpus > 0 && before.CpuQuota > 0)
    refuse(`${cpus} Nano CPUs cannot be updated as CPU Quota has already been set`);
  if (CpuPeriod > 0 && before.NanoCpus > 0)
    refuse(`${cpus} CPU Period cannot be updated as NanoCPUs has already been set`);
  if (CpuQuota > 0 && before.NanoCpus > 0)
    refuse(`${cpus} CPU Quota cannot be updated as NanoCPUs has already been set`);
  const swap = swapTotal(before);
  if (swap > 0 && Memory > swap && MemorySwap === 0)
    refuse(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  if (before.AutoRemove && changes.RestartPolicy && !isNone(changes.RestartPolicy))
    refuse('Restart policy cannot be updated because AutoRemove is enabled for the container');
}

/** Memory and swap together as the plan takes them: unset means twice the memory. */
function swapTotal({ Memory, MemorySwap }: HostConfig): number {
  return MemorySwap || 2 * Memory;
}

function refuse(message: string): never {
  throw new ConflictError(message);
}

/** The files whose text is another now; limits of single devices cannot be changed. Memory and swap: the wider limit first, cgroup v1 takes no other order. */
function changedFiles(engine: Engine, before: HostConfig, after: HostConfig): LimitFile[] {
  const old = limitFiles(before, engine.facts);
  const isNew = (one: LimitFile) =>
    !old.some(({ file, data }) => file === one.file && data === one.data);
  const files = limitFiles(after, engine.facts).filter(isNew);
  const isSwap = ({ file }: LimitFile) => /memsw|memory\.swap/.test(file);
  const total = swapTotal(after);
  // 0 and -1 are no limit.
  const grows = total <= 0 || (swapTotal(before) > 0 && total > swapTotal(before));
  return grows ? [...files.filter(isSwap), ...files.filter((one) => !isSwap(one))] : files;
}

/** @returns puts back what was there */
function writeAll(engine: Engine, container: Container, files: readonly LimitFile[]): () => void {
  const former: { path: string; data: string }[] = [];
  const putBack = () => {
    for (const { path, data } of former.toReversed()) writeFile(path, data || '\n');
  };
  const input = { facts: engine.facts, record: container.record };
  for (const { controller, file, data } of files) {
    const path = `${groupOf(input, controller)}/${file}`;
    try {
      const was = readFileSync(path, 'utf8').trim();
      writeFile(path, data);
      former.push({ path, data: was });
    } catch (error) {
      putBack();
      throw told(container, file, data, error);
    }
  }
  return putBack;
}

/** Docker says what it was that could not be done. */
function prefixed<T>({ id }: Container, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    throw new ConflictError(`Cannot update container ${id}: ${error.message}`, { cause: error });
  }
}

function told(container: Container, file: string, data: string, cause: unknown): EngineError {
  const reason = cause instanceof KernelError ? cause.code : (cause as Error).message;
  const hint =
    reason === 'EBUSY' && file.startsWith('memory')
      ? ': it uses more than that already; stop it or choose a higher limit'
      : '';
  return new ConflictError(
    `Cannot update container ${container.id}: the kernel refuses ${data} for ${file}: ${reason}${hint}`,
    { cause },
  );
}
