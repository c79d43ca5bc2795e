/** `POST /containers/{id}/pause` and `/unpause`: the freezer, cgroup v2 `cgroup.freeze`, v1 `freezer.state`. */
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ConflictError, SystemError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import { emit } from './events.ts';
import { groupOf } from './plan/cgroup.ts';
import { setState } from './set-state.ts';
import { isAlive } from './state.ts';
import type { Container } from './table.ts';

const FREEZE_TIMEOUT_MS = 5_000;

/** @throws ConflictError when it does not run */
export async function pause(engine: Engine, container: Container): Promise<void> {
  await container.lock.run(async () => {
    const { state } = container.record;
    if (state.status === 'paused')
      throw new ConflictError(`container ${container.id} is already paused`);
    if (state.status === 'restarting')
      throw new ConflictError(
        `container ${container.id} is restarting, wait until the container is running`,
      );
    if (!isAlive(state)) throw new ConflictError(`container ${container.id} is not running`);
    await freeze(engine, container);
    if (state.status === 'running') await setState(container, { ...state, status: 'paused' });
    emit(engine, container, 'pause');
  });
}

/** @throws ConflictError when it is not paused */
export async function unpause(engine: Engine, container: Container): Promise<void> {
  await container.lock.run(async () => {
    const { state } = container.record;
    if (state.status !== 'paused')
      throw new ConflictError(`container ${container.id} is not paused`);
    await thaw(engine, container);
    await setState(container, { ...state, status: 'running' });
    emit(engine, container, 'unpause');
  });
}

/** Lets a frozen container's processes go on. */
export async function thaw(engine: Engine, container: Container): Promise<void> {
  const { write, thawed } = freezer(engine, container);
  await writeFile(write, thawed);
}

/** Freezes, and waits until the kernel says that every process is. */
async function freeze(engine: Engine, container: Container): Promise<void> {
  const { write, frozen, isFrozen, read } = freezer(engine, container);
  await writeFile(write, frozen);
  const deadline = Date.now() + FREEZE_TIMEOUT_MS;
  while (!isFrozen(await readFile(read, 'utf8'))) {
    if (Date.now() > deadline) {
      await thaw(engine, container);
      throw new SystemError(
        `cannot pause container ${container.name}: a process did not freeze within ${FREEZE_TIMEOUT_MS} ms`,
      );
    }
    await delay(1);
  }
}

function freezer({ facts }: Engine, { record }: Container) {
  const group = groupOf({ facts, record }, 'freezer');
  if (facts.cgroup.mode === 'v2')
    return {
      write: `${group}/cgroup.freeze`,
      read: `${group}/cgroup.events`,
      frozen: '1',
      thawed: '0',
      isFrozen: (text: string) => /^frozen 1$/m.test(text),
    };
  const state = `${group}/freezer.state`;
  return {
    write: state,
    read: state,
    frozen: 'FROZEN',
    thawed: 'THAWED',
    isFrozen: (text: string) => text.trim() === 'FROZEN',
  };
}
