/**
 * What the user mounts: folders and files of the host, and tmpfs.
 *
 * A source is taken hold of (open_tree) while the host is still in sight, a target is found after pivot_root, by
 * descriptors, and the mount is put on the descriptor. Targets outside /dev and /sys come before /proc, /dev and /sys
 * are mounted, so that no link can lead a mount over those: whatever lies there is covered. Targets below /dev and
 * /sys come after, and are reached without any link. open_tree(2), move_mount(2), mount_setattr(2).
 */
import { type Slot, type StepDraft, slot } from '../../step/step.ts';
import {
  type BindMount,
  type MountPoint,
  mountPoints,
  type TmpfsMount,
} from '../option/mount-points.ts';
import { by, quote } from './draft.ts';
import type { PlanInput } from './input.ts';
import { close, walk } from './walk.ts';

const init = by('init', 'mounts');
const take = by('init', 'rootfs');

/** The supervisor makes what `-v` names and the host does not have: root's, as docker does it. */
export function sourceFolderSteps({ missingFolders }: PlanInput): StepDraft[] {
  const supervisor = by('supervisor', 'mounts');
  return missingFolders.flatMap((path) => [
    supervisor(
      'mkdir',
      { path, mode: 0o755 },
      'the folder to mount is not there: an empty one is made on the host',
      `mkdir ${quote(path)}`,
    ),
    supervisor(
      'chmod',
      { path, mode: 0o755 },
      'for all, whatever the umask',
      `chmod 755 ${quote(path)}`,
    ),
  ]);
}

/**
 * Takes hold of the sources. Those that go on hearing of the host's mounts (or tell it of theirs) are taken before
 * the host's mounts are made private.
 */
export function bindSourceSteps(input: PlanInput, linked: boolean): StepDraft[] {
  return binds(input).flatMap((bind) =>
    isLinked(bind) === linked ? [takeSource(bind), ...attributes(bind)] : [],
  );
}

function isLinked({ propagation }: BindMount): boolean {
  return !propagation.endsWith('private');
}

function takeSource({ source, target, recursive }: BindMount): StepDraft {
  const flags = ['OPEN_TREE_CLONE', 'OPEN_TREE_CLOEXEC', ...(recursive ? ['AT_RECURSIVE'] : [])];
  return take(
    'open_tree',
    { dir: 'AT_FDCWD', path: source, flags, out: tree(target) },
    `take hold of what will be ${target}: a mount that is nowhere yet`,
    `# keep ${quote(source)} for ${quote(target)}`,
  );
}

function attributes(bind: BindMount): StepDraft[] {
  const { propagation, readOnly, readOnlyRecursive, target } = bind;
  return [
    ...(isLinked(bind) ? [setPropagation(target, propagation)] : []),
    ...(readOnly ? [setReadOnly(target, readOnlyRecursive)] : []),
  ];
}

function setReadOnly(target: string, recursive: boolean): StepDraft {
  return take(
    'mount_setattr',
    {
      dir: tree(target),
      path: '',
      flags: ['AT_EMPTY_PATH', ...(recursive ? ['AT_RECURSIVE'] : [])],
      attr_set: ['MOUNT_ATTR_RDONLY'],
    },
    'to read only, and what is mounted below it likewise',
    `# -o ${recursive ? 'ro=recursive' : 'ro'} for ${quote(target)}`,
  );
}

function setPropagation(target: string, propagation: string): StepDraft {
  const recursive = propagation.startsWith('r');
  const kind = propagation.endsWith('slave') ? 'MS_SLAVE' : 'MS_SHARED';
  return take(
    'mount_setattr',
    {
      dir: tree(target),
      path: '',
      flags: ['AT_EMPTY_PATH', ...(recursive ? ['AT_RECURSIVE'] : [])],
      propagation: [kind],
    },
    kind === 'MS_SLAVE'
      ? 'what the host mounts in it later is seen inside, and not the other way round'
      : 'what either side mounts in it later is seen by the other',
    `# --make-${propagation} for ${quote(target)}`,
  );
}

/** @param place `root`: before /proc, /dev and /sys are mounted; `kernel`: below them, afterwards */
export function userMountSteps(input: PlanInput, place: 'root' | 'kernel'): StepDraft[] {
  const here = mountPoints(input.record.hostConfig).filter(
    ({ target }) => (place === 'kernel') === isBelowKernel(target),
  );
  if (here.length === 0) return [];
  return [
    ...(place === 'root' ? [openUmask()] : []),
    ...here.flatMap((mount) =>
      mount.type === 'bind' ? placeBind(input, mount, place) : placeTmpfs(mount, place),
    ),
  ];
}

function openUmask(): StepDraft {
  return init(
    'umask',
    { mask: 0o022 },
    'what is made to mount on may be entered by all',
    'umask 022',
  );
}

export function isBelowKernel(target: string): boolean {
  return ['/dev', '/sys'].some((top) => target === top || target.startsWith(`${top}/`));
}

function placeBind(input: PlanInput, bind: BindMount, place: 'root' | 'kernel'): StepDraft[] {
  const { source, target } = bind;
  const kind = input.bindSources.get(source) === 'file' ? 'file' : 'directory';
  const { steps, at } = walk(init, target, { kind, noLinks: place === 'kernel' });
  return [
    ...steps,
    init(
      'move_mount',
      {
        from: tree(target),
        from_path: '',
        to: at,
        to_path: '',
        flags: ['MOVE_MOUNT_F_EMPTY_PATH', 'MOVE_MOUNT_T_EMPTY_PATH'],
      },
      `${source} of the host appears as ${target}`,
      `mount --${bind.recursive ? 'rbind' : 'bind'} ${quote(source)} ${quote(target)}`,
    ),
    close(init, tree(target)),
    close(init, at),
  ];
}

function placeTmpfs({ target, flags, data }: TmpfsMount, place: 'root' | 'kernel'): StepDraft[] {
  const { steps, at } = walk(init, target, { kind: 'directory', noLinks: place === 'kernel' });
  const options = [...flags.map((flag) => flag.slice(3).toLowerCase()), ...(data ? [data] : [])];
  return [
    ...steps,
    init(
      'fchdir',
      { fd: at },
      'stand in it: it cannot be swapped any more',
      `cd ${quote(target)}`,
      {
        see: 'chdir(2)',
      },
    ),
    init(
      'mount',
      { source: 'tmpfs', target: '.', fstype: 'tmpfs', flags, data: data || null },
      'an empty folder in memory: what is written there is gone with the container',
      `mount -t tmpfs -o ${quote(options.join(',').replace('rdonly', 'ro'))} tmpfs ${quote(target)}`,
      { see: 'tmpfs(5)' },
    ),
    init('chdir', { path: '/' }, 'back to the root', 'cd /'),
    close(init, at),
  ];
}

function binds(input: PlanInput): BindMount[] {
  return mountPoints(input.record.hostConfig).filter(
    (mount: MountPoint): mount is BindMount => mount.type === 'bind',
  );
}

/** One for each bind: all sources are held at once. */
function tree(target: string): Slot {
  return slot(`source of ${target}`);
}
