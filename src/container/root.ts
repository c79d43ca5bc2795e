/**
 * A container's root filesystem as a descriptor, for what reads and writes its files from outside.
 *
 * A running container's is the root of its first process, with all that is mounted in it. One that does not run
 * has an overlay made for the occasion, mounted nowhere: it is shared by all who want it, and a start waits
 * until the last has let go of it, because two overlays may not write in one folder.
 *
 * Contract: paths under the descriptor are opened with openat2(RESOLVE_IN_ROOT) and in no other way. Nothing of
 * the container is executed.
 */
import { closeSync } from 'node:fs';
import { ConflictError } from '../errors/errors.ts';
import { open } from '../kernel/files.ts';
import { isSameProcess } from '../kernel/pidfd.ts';
import { cloneRootMount } from '../kernel/root-mount.ts';
import type { Engine } from './engine.ts';
import { lookUpRootMounts } from './look-up-mounts.ts';
import { mountVolumes, unmountVolumes } from './mount-volumes.ts';
import { type MountedRoot, mountRoot } from './mounted-root.ts';
import { mountsOf } from './option/mount-points.ts';
import { isAlive } from './state.ts';
import type { Container } from './table.ts';

/** The overlay of a container that does not run, and how many use it. */
interface Shared {
  mounted: MountedRoot;
  users: number;
  /** Called when the last has let go. */
  idle: (() => void)[];
}

const shared = new WeakMap<Container, Shared>();

/**
 * @param use is given a descriptor opened with O_PATH, which is closed when the promise settles
 * @throws ConflictError when the container is being removed
 */
export function withRoot<T>(
  engine: Engine,
  container: Container,
  use: (root: number) => Promise<T>,
): Promise<T> {
  return withTaken(container, () => take(engine, container, openRoot, 'root'), use);
}

interface Taken {
  root: number;
  release: () => void;
}

async function withTaken<T>(
  container: Container,
  taken: () => Promise<Taken>,
  use: (root: number) => Promise<T>,
): Promise<T> {
  const { root, release } = await container.lock.run(taken);
  try {
    return await use(root);
  } finally {
    release();
  }
}

/**
 * As `withRoot`, without what is mounted in the container: what lies beneath its mount points is seen, as in
 * its image.
 */
export function withBareRoot<T>(
  engine: Engine,
  container: Container,
  use: (root: number) => Promise<T>,
): Promise<T> {
  return withTaken(container, () => take(engine, container, cloneRootMount, 'bare'), use);
}

/** For a start, inside the container's lock: resolves when no overlay of its folders is there any more. */
export async function rootIsFree(container: Container): Promise<void> {
  const overlay = shared.get(container);
  if (overlay) await new Promise<void>((resolve) => overlay.idle.push(resolve));
}

async function take(
  engine: Engine,
  container: Container,
  open: (pid: number) => number,
  which: 'root' | 'bare',
): Promise<Taken> {
  const running = openRunning(container, open);
  if (running !== undefined) return { root: running, release: () => closeSync(running) };
  const overlay = shared.get(container) ?? (await makeOverlay(engine, container));
  overlay.users++;
  return { root: overlay.mounted[which], release: () => letGo(engine, container, overlay) };
}

function openRoot(pid: number): number {
  return open(`/proc/${pid}/root`, ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC']);
}

/**
 * The process is looked at before and after, so what was opened is this container's and no other's. Undefined
 * when it does not run, or has just ended.
 */
function openRunning(
  { record: { state } }: Container,
  open: (pid: number) => number,
): number | undefined {
  if (!isAlive(state) || !isSameProcess(state)) return undefined;
  let root: number;
  try {
    root = open(state.pid);
  } catch (error) {
    if (hasEnded(error)) return undefined;
    throw error;
  }
  if (isSameProcess(state)) return root;
  closeSync(root);
  return undefined;
}

/** A zombie has no root any more. */
function hasEnded(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes(String((error as { code?: unknown }).code));
}

async function makeOverlay(engine: Engine, container: Container): Promise<Shared> {
  const { record, paths } = container;
  if (record.state.status === 'removing' || engine.containers.get(container.id) !== container)
    throw new ConflictError(`container ${container.id} is being removed`);
  try {
    await mountVolumes(engine, container, holderOf(container));
    const mounts = lookUpRootMounts(engine, mountsOf(record));
    const mounted = mountRoot(lowerDirsOf(engine, container), paths, mounts, paths.rootfs);
    const overlay = { mounted, users: 0, idle: [] };
    shared.set(container, overlay);
    return overlay;
  } catch (error) {
    await unmountVolumes(engine, container, holderOf(container));
    throw error;
  }
}

/** Who looks at the files of one that does not run is another than the container itself. */
function holderOf({ id }: Container): string {
  return `files of ${id}`;
}

function letGo(engine: Engine, container: Container, overlay: Shared): void {
  if (--overlay.users > 0) return;
  shared.delete(container);
  overlay.mounted.close();
  void unmountVolumes(engine, container, holderOf(container)).catch((error) =>
    engine.log.warn({ err: error, id: container.id }, 'cannot unmount the volumes of a container'),
  );
  for (const told of overlay.idle) told();
}

/** What lies beneath the container's own layer, top first. */
export function lowerDirsOf(engine: Engine, { record }: Container): string[] {
  return [engine.paths.initLayer, ...engine.images.find(record.imageId).layerDirs];
}
