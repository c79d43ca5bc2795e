/**
 * Phase `rootfs`: the image's layers under a writable one become the root. All of it happens in the
 * container's own mount namespace, so the host's mount table never shows it and cannot keep it.
 * After `pivot_root` every path in the plan is the container's. mount_namespaces(7), pivot_root(2).
 */
import { SystemError } from '../../errors/errors.ts';
import { type StepDraft, slot } from '../../step/step.ts';
import { mountPoints } from '../option/mount-points.ts';
import { by, quote } from './draft.ts';
import type { PlanInput } from './input.ts';
import { sharedMemorySteps } from './shared-memory.ts';
import { bindSourceSteps } from './user-mounts.ts';

const init = by('init', 'rootfs');

/** mount(2): the kernel takes one page of options. */
const OPTIONS_MAX = 4095;

export function rootfsSteps(input: PlanInput): StepDraft[] {
  return [
    ...bindSourceSteps(input, true),
    init(
      'mount',
      { source: null, target: '/', fstype: null, flags: ['MS_REC', 'MS_PRIVATE'], data: null },
      'what is mounted from now on is seen in here only, and what the host mounts is not seen',
      'mount --make-rprivate /',
      { see: 'mount_namespaces(7)' },
    ),
    ...engineFiles(input),
    ...bindSourceSteps(input, false),
    ...sharedMemorySteps(input),
    ...(input.facts.overlayLowerdirPlus ? overlay(input) : overlayInOneCall(input)),
    ...enter(input.paths.rootfs),
  ];
}

/** The files the engine writes for each container, taken as mounts before the host goes out of sight. */
function engineFiles({ etc, record }: PlanInput): StepDraft[] {
  const files: [name: string, path: string][] = [
    ['hosts', etc.hosts],
    ['hostname', etc.hostname],
    ['resolv.conf', etc.resolvConf],
  ];
  const targets = mountPoints(record.hostConfig).map(({ target }) => target);
  return files
    .filter(([name]) => !targets.includes(`/etc/${name}`))
    .map(([name, path]) =>
      init(
        'open_tree',
        { dir: 'AT_FDCWD', path, flags: ['OPEN_TREE_CLONE', 'OPEN_TREE_CLOEXEC'], out: slot(name) },
        `take hold of what will be /etc/${name}: a mount that is nowhere yet`,
        `# keep ${quote(path)} for /etc/${name}`,
      ),
    );
}

function overlay({ paths, lowerDirs }: PlanInput): StepDraft[] {
  const fs = slot('overlay');
  const set = (key: string, value: string, why: string) =>
    init('fsconfig', { fs, cmd: ['FSCONFIG_SET_STRING'], key, value }, why, `# -o ${key}=${value}`);
  return [
    init(
      'fsopen',
      { fstype: 'overlay', flags: ['FSOPEN_CLOEXEC'], out: fs },
      'overlay shows several folders as one: the layers of the image, and one to write in',
      '# the root: mount -t overlay',
    ),
    ...lowerDirs.map((dir, i) => set('lowerdir+', dir, lowerWhy(i, lowerDirs.length))),
    set(
      'upperdir',
      paths.upper,
      'what the container writes lands here; the layers stay as they are',
    ),
    set('workdir', paths.work, "overlay's own scratch folder, on the same filesystem"),
    init('fsconfig', { fs, cmd: ['FSCONFIG_CMD_CREATE'] }, 'make it', '# create'),
    init(
      'fsmount',
      { fs, flags: ['FSMOUNT_CLOEXEC'], attr_flags: [], out: slot('rootfs') },
      'the finished root, as a mount that is nowhere yet',
      mountCommand(lowerDirs, paths),
    ),
    init(
      'move_mount',
      {
        from: slot('rootfs'),
        from_path: '',
        to: 'AT_FDCWD',
        to_path: paths.rootfs,
        flags: ['MOVE_MOUNT_F_EMPTY_PATH'],
      },
      'put it on an empty folder: pivot_root wants a mount point',
      '# done by mount',
    ),
  ];
}

function lowerWhy(index: number, count: number): string {
  if (index === 0)
    return 'on top, true folders for /dev, /proc and /sys: links of those names in an image do not count';
  return `layer ${count - index} of ${count - 1} of the image, read-only and shared with other containers`;
}

function mountCommand(
  lowerDirs: readonly string[],
  { upper, work, rootfs }: PlanInput['paths'],
): string {
  const options = `lowerdir=${lowerDirs.join(':')},upperdir=${upper},workdir=${work}`;
  return `mount -t overlay overlay -o ${quote(options)} ${quote(rootfs)}`;
}

/** Before Linux 6.5 the layers are one string. */
function overlayInOneCall({ paths, lowerDirs }: PlanInput): StepDraft[] {
  const data = `lowerdir=${lowerDirs.join(':')},upperdir=${paths.upper},workdir=${paths.work}`;
  if (data.length > OPTIONS_MAX)
    throw new SystemError(
      `cannot mount ${lowerDirs.length} layers: this kernel takes ${OPTIONS_MAX} bytes of mount options, they need ${data.length}; Linux 6.5 has no such limit`,
    );
  return [
    init(
      'mount',
      { source: 'overlay', target: paths.rootfs, fstype: 'overlay', flags: [], data },
      'overlay shows the layers of the image and a writable folder as one',
      mountCommand(lowerDirs, paths),
    ),
  ];
}

function enter(rootfs: string): StepDraft[] {
  return [
    init('chdir', { path: rootfs }, 'stand in the new root', `cd ${quote(rootfs)}`),
    init(
      'pivot_root',
      { new_root: '.', put_old: '.' },
      "the new root becomes /, the host's lies hidden on top of it",
      'pivot_root . .',
    ),
    init(
      'umount2',
      { target: '.', flags: ['MNT_DETACH'] },
      'let go of the host: no path leads there any more',
      'umount --lazy .',
      { see: 'umount(2)' },
    ),
    init('chdir', { path: '/' }, 'every path from here on is the container’s', 'cd /'),
  ];
}
