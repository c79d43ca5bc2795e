/**
 * Where the user's mounts come from: folders and files of the host, and volumes, which are folders of the host too. Each
 * is taken hold of (open_tree) while the host is still in sight; user-mounts.ts gives it its place in the container.
 * open_tree(2), mount_setattr(2)
 */
import { type Slot, type StepDraft, slot } from '../../step/step.ts';
import type { BindMount, VolumeMount } from '../option/mount-point.ts';
import { mountsOf } from '../option/mount-points.ts';
import { by, quote } from './draft.ts';
import type { PlanInput } from './input.ts';
import { close } from './walk.ts';

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
export function mountSourceSteps(input: PlanInput, linked: boolean): StepDraft[] {
  return mountsOf(input.record).flatMap((mount) => {
    if (mount.type === 'tmpfs' || isLinked(mount) !== linked) return [];
    return mount.type === 'bind'
      ? [takeSource(mount), ...attributes(mount)]
      : takeVolume(input, mount);
  });
}

function isLinked(mount: BindMount | VolumeMount): boolean {
  return mount.type === 'bind' && !mount.propagation.endsWith('private');
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

/** A part of a volume is found in it by descriptors: what another container puts there cannot lead out of it. */
function takeVolume({ volumeSources }: PlanInput, mount: VolumeMount): StepDraft[] {
  const { name, target, subpath, readOnly } = mount;
  const source = volumeSources.get(target)?.path ?? '';
  const clone = ['OPEN_TREE_CLONE', 'OPEN_TREE_CLOEXEC', 'AT_RECURSIVE'];
  const why = `take hold of the volume ${name}, which will be ${target}: a mount that is nowhere yet`;
  const sh = `# keep ${quote(subpath ? `${source}/${subpath}` : source)} for ${quote(target)}`;
  const [whole, part] = [slot('volume'), slot('part of the volume')];
  const steps = subpath
    ? [
        openVolume(source, whole),
        openPart(subpath, whole, part),
        take(
          'open_tree',
          { dir: part, path: '', flags: [...clone, 'AT_EMPTY_PATH'], out: tree(target) },
          why,
          sh,
        ),
        close(take, part),
        close(take, whole),
      ]
    : [
        take(
          'open_tree',
          { dir: 'AT_FDCWD', path: source, flags: clone, out: tree(target) },
          why,
          sh,
        ),
      ];
  return [...steps, ...(readOnly ? [setReadOnly(target, true)] : [])];
}

function openVolume(path: string, out: Slot): StepDraft {
  const flags = ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC'];
  return take(
    'openat2',
    { dir: 'AT_FDCWD', path, flags, resolve: [], out },
    'the folder of the volume',
    `cd ${quote(path)}`,
  );
}

function openPart(subpath: string, whole: Slot, out: Slot): StepDraft {
  return take(
    'openat2',
    {
      dir: whole,
      path: subpath,
      flags: ['O_PATH', 'O_CLOEXEC'],
      resolve: ['RESOLVE_BENEATH', 'RESOLVE_NO_MAGICLINKS'],
      out,
    },
    'the part of it that is wanted: a link that leads out of the volume is refused',
    `[ -e ${quote(subpath)} ]`,
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

/** One for each mount: all sources are held at once. */
export function tree(target: string): Slot {
  return slot(`source of ${target}`);
}
