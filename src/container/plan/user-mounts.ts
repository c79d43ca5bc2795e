/**
 * What the user mounts: folders and files of the host, volumes, and tmpfs.
 *
 * A source is taken hold of (open_tree) while the host is still in sight, a target is found after pivot_root, by
 * descriptors, and the mount is put on the descriptor. Targets outside /dev and /sys come before /proc, /dev and /sys
 * are mounted, so that no link can lead a mount over those: whatever lies there is covered. Targets below /dev and
 * /sys come after, and are reached without any link. open_tree(2), move_mount(2), mount_setattr(2).
 */
import type { StepDraft } from '../../step/step.ts';
import type { BindMount, TmpfsMount, VolumeMount } from '../option/mount-point.ts';
import { mountsOf } from '../option/mount-points.ts';
import { by, quote } from './draft.ts';
import type { PlanInput } from './input.ts';
import { tree } from './mount-sources.ts';
import { close, walk } from './walk.ts';

const init = by('init', 'mounts');

/** @param place `root`: before /proc, /dev and /sys are mounted; `kernel`: below them, afterwards */
export function userMountSteps(input: PlanInput, place: 'root' | 'kernel'): StepDraft[] {
  const here = mountsOf(input.record).filter(
    ({ target }) => (place === 'kernel') === isBelowKernel(target),
  );
  if (here.length === 0) return [];
  return [
    ...(place === 'root' ? [openUmask()] : []),
    ...here.flatMap((mount) =>
      mount.type === 'tmpfs' ? placeTmpfs(mount, place) : placeTree(input, mount, place),
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

function placeTree(
  input: PlanInput,
  mount: BindMount | VolumeMount,
  place: 'root' | 'kernel',
): StepDraft[] {
  const { target } = mount;
  const { kind, from, what, recursive } = sourceOf(input, mount);
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
      `${what} appears as ${target}`,
      `mount --${recursive ? 'rbind' : 'bind'} ${quote(from)} ${quote(target)}`,
    ),
    close(init, tree(target)),
    close(init, at),
  ];
}

interface Source {
  kind: 'file' | 'directory';
  /** On the host. */
  from: string;
  /** For a reader. */
  what: string;
  recursive: boolean;
}

function sourceOf(input: PlanInput, mount: BindMount | VolumeMount): Source {
  if (mount.type === 'bind') {
    const { source: from, recursive } = mount;
    const kind = input.bindSources.get(from) === 'file' ? 'file' : 'directory';
    return { kind, from, what: `${from} of the host`, recursive };
  }
  const { name, subpath, target } = mount;
  const { path = '', kind = 'directory' } = input.volumeSources.get(target) ?? {};
  const what = subpath ? `${subpath} of the volume ${name}` : `the volume ${name}`;
  return { kind, from: subpath ? `${path}/${subpath}` : path, what, recursive: true };
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
