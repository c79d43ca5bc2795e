/**
 * Control groups: which hierarchies this host has, the folder in each of them that holds the engine's
 * groups, and removing a group.
 *
 * Three arrangements exist (cgroups(7)): `v2` has one tree with all controllers; `v1` has a tree for each
 * controller or pair of them; `hybrid` is v1 with a v2 tree beside it that has processes but no controllers.
 */
import { existsSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { readdir, readFile, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KernelError, SystemError } from '../errors/errors.ts';
import { constants } from './ffi.ts';
import { close, mkdir, writeFile } from './files.ts';
import { type Mount, parseMountinfo } from './mountinfo.ts';
import { pidfdOpen, pidfdSendSignal } from './pidfd.ts';

export type CgroupLayout =
  | { mode: 'v2'; root: string; controllers: string[] }
  | { mode: 'v1' | 'hybrid'; hierarchies: CgroupHierarchy[] };

/** One v1 tree. Named ones without a controller (`name=systemd`) are not counted. */
export interface CgroupHierarchy {
  /** As mounted: `cpu` or `cpu,cpuacct`. */
  name: string;
  controllers: string[];
  /** Where it is mounted. */
  path: string;
}

/**
 * @throws SystemError when no control groups are mounted
 */
export function detectCgroups(): CgroupLayout {
  const layout = parseCgroups(
    readFileSync('/proc/self/mountinfo', 'utf8'),
    readFileSync('/proc/cgroups', 'utf8'),
  );
  if (layout.mode !== 'v2') return layout;
  const controllers = readFileSync(join(layout.root, 'cgroup.controllers'), 'utf8');
  return { ...layout, controllers: controllers.split(/\s+/).filter(Boolean) };
}

/**
 * Pure part of `detectCgroups`; of v2 the controllers are not known yet.
 * @param mountinfo text of proc_pid_mountinfo(5)
 * @param cgroups text of /proc/cgroups
 */
export function parseCgroups(mountinfo: string, cgroups: string): CgroupLayout {
  const mounts = parseMountinfo(mountinfo);
  const known = controllerNames(cgroups);
  const hierarchies = uniqueByName(
    mounts.filter(({ fstype }) => fstype === 'cgroup').map((mount) => hierarchy(mount, known)),
  ).filter(({ controllers }) => controllers.length > 0);
  const unified = mounts.find(({ fstype }) => fstype === 'cgroup2');
  if (hierarchies.length > 0) return { mode: unified ? 'hybrid' : 'v1', hierarchies };
  if (unified) return { mode: 'v2', root: unified.target, controllers: [] };
  throw new SystemError(
    'no control groups are mounted: without them no container can be limited; mount -t cgroup2 none /sys/fs/cgroup',
  );
}

/** The engine's folder in each hierarchy, e.g. `/sys/fs/cgroup/petri`. */
export function cgroupParents(layout: CgroupLayout, name = 'petri'): string[] {
  const roots = layout.mode === 'v2' ? [layout.root] : layout.hierarchies.map(({ path }) => path);
  return roots.map((root) => join(root, name));
}

/**
 * Makes the engine's folder in each hierarchy, ready to have groups made below it. It lies directly under
 * the root and not under the engine's own group, because on v2 a group with processes cannot hand
 * controllers down (cgroups(7), "no internal processes"); the root alone is exempt.
 * @returns the folders
 */
export function prepareCgroupParents(layout: CgroupLayout, name = 'petri'): string[] {
  const parents = cgroupParents(layout, name);
  for (const path of parents) makeFolder(path);
  if (layout.mode === 'v2') {
    enableControllers(layout.root, layout.controllers);
    enableControllers(join(layout.root, name), layout.controllers);
  } else {
    const cpuset = layout.hierarchies.find(({ controllers }) => controllers.includes('cpuset'));
    if (cpuset) inheritCpuset(cpuset.path, join(cpuset.path, name));
  }
  return parents;
}

/**
 * The calling process's group in the v2 tree, as proc_pid_cgroup(5) shows it, e.g. `/user.slice`.
 * On v1 that of the first hierarchy.
 */
export function ownCgroup(text = readFileSync('/proc/self/cgroup', 'utf8')): string {
  const lines = text.trim().split('\n');
  const line = lines.find((each) => each.startsWith('0::')) ?? lines[0] ?? '';
  return line.split(':').slice(2).join(':') || '/';
}

/**
 * Removes a group and those below it. A group is busy for some milliseconds after its last process has
 * ended, so this tries again, without blocking anything, until `timeoutMs` is over. Already gone is fine.
 * @throws KernelError EBUSY when processes are still in it
 */
export async function removeCgroup(path: string, timeoutMs = 2000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 50)) {
    const error = await tryRemove(path);
    if (!error) return;
    if (error.code !== 'EBUSY' || performance.now() > deadline)
      throw new KernelError(
        'rmdir',
        Math.abs(error.errno ?? 0),
        error.code ?? 'error',
        [path],
        error.code === 'EBUSY' ? 'processes are still in this control group' : undefined,
      );
    await removeChildren(path, timeoutMs);
    await delay(waitMs);
  }
}

/** The sticky bit: of a group that the engine has made for somebody who asked for it by name. */
export const MADE_BY_ENGINE = 0o1000;

/** Removes a group of the engine's making, and those of its making above it, as far as nothing is in them. */
export function removeEmptyParents(path: string): void {
  for (let dir = path; ; dir = dirname(dir)) {
    try {
      if ((statSync(dir).mode & MADE_BY_ENGINE) === 0) return;
      rmdirSync(dir);
    } catch {
      return; // another container is in it, or it has gone
    }
  }
}

/**
 * Ends every process of a group: for those whose pid namespace does not end with the container. On v1, which has no
 * call for it, each is held by a descriptor and looked at again before it is signalled, so no other can be hit.
 * @param id a word that stands in /proc/PID/cgroup of each of them
 */
export async function killGroup(path: string, id: string, timeoutMs = 2000): Promise<void> {
  const atOnce = join(path, 'cgroup.kill');
  if (existsSync(atOnce)) return writeFile(atOnce, '1');
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const text = await readFile(join(path, 'cgroup.procs'), 'utf8').catch(() => '');
    const pids = text.split('\n').filter(Boolean).map(Number);
    for (const pid of pids) killMember(pid, id);
    if (pids.length === 0 || performance.now() > deadline) return;
    await delay(1);
  }
}

function killMember(pid: number, id: string): void {
  let fd: number | undefined;
  try {
    fd = pidfdOpen(pid);
    if (readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id))
      pidfdSendSignal(fd, constants.SIGKILL);
  } catch {
    // It has ended by itself meanwhile.
  } finally {
    if (fd !== undefined) close(fd);
  }
}

async function tryRemove(path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await rmdir(path);
    return undefined;
  } catch (error) {
    const failure = error as NodeJS.ErrnoException;
    return failure.code === 'ENOENT' ? undefined : failure;
  }
}

async function removeChildren(path: string, timeoutMs: number): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory());
  await Promise.all(folders.map(({ name }) => removeCgroup(join(path, name), timeoutMs)));
}

function controllerNames(cgroups: string): Set<string> {
  const lines = cgroups.split('\n').filter((line) => line && !line.startsWith('#'));
  return new Set(lines.map((line) => line.split('\t')[0] as string));
}

function hierarchy(mount: Mount, known: Set<string>): CgroupHierarchy {
  const controllers = mount.superOptions.split(',').filter((option) => known.has(option));
  return { name: controllers.join(','), controllers, path: mount.target };
}

/** A hierarchy may be mounted twice; the first place counts. */
function uniqueByName(hierarchies: CgroupHierarchy[]): CgroupHierarchy[] {
  return [...new Map(hierarchies.toReversed().map((each) => [each.name, each])).values()].reverse();
}

function makeFolder(path: string): void {
  try {
    mkdir(path, 0o755);
  } catch (error) {
    if (!(error instanceof KernelError && error.code === 'EEXIST')) throw error;
  }
}

/**
 * Hands controllers down to the groups below. One at a time, so that one the kernel refuses (cpu, when a
 * real-time process lives in the root) does not keep the others.
 */
function enableControllers(path: string, wanted: readonly string[]): void {
  const file = join(path, 'cgroup.subtree_control');
  const on = new Set(readFileSync(file, 'utf8').split(/\s+/));
  for (const name of wanted.filter((each) => !on.has(each))) {
    try {
      writeFile(file, `+${name}`);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (NEEDED.includes(name))
        throw new KernelError('write', error.errno, error.code, error.on, refused(error));
    }
  }
}

/** Without these no container is limited; the others serve single options. */
const NEEDED = ['cpu', 'memory', 'pids'];

function refused({ code }: KernelError): string {
  return code === 'EBUSY'
    ? 'processes live in this group, so it cannot hand controllers down: inside a container, give that one the host’s cgroup namespace, or move them to a group below'
    : 'the kernel will not hand this controller down';
}

/** A new v1 cpuset has no CPUs and takes no process; with clone_children those below ours copy its own. */
function inheritCpuset(root: string, path: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (readFileSync(join(path, file), 'utf8').trim() === '')
      writeFile(join(path, file), readFileSync(join(root, file), 'utf8').trim());
  }
  writeFile(join(path, 'cgroup.clone_children'), '1');
}
