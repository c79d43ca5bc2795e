/**
 * The overlay that becomes the root: the layers of the image, and one to write in. How it is put together depends on
 * the kernel and on how much there is to say: by one option per layer, by one string for all, or by one string of
 * short names. Kernel documentation, filesystems/overlayfs
 */
import { type StepDraft, slot } from '../../step/step.ts';
import { by, quote } from './draft.ts';
import type { PlanInput } from './input.ts';

const init = by('init', 'rootfs');

/** mount(2): the kernel takes one page of options, its last byte a NUL. */
const optionsMax = 4095;

type OverlayInput = Pick<PlanInput, 'facts' | 'paths' | 'lowerDirs'>;

/** Mounts it on the container's empty folder. */
export function overlaySteps(input: OverlayInput): StepDraft[] {
  if (input.facts.overlayLowerdirPlus) return layerByLayer(input);
  const options = optionsOf(input.lowerDirs, input.paths);
  return Buffer.byteLength(options) <= optionsMax
    ? [mountOverlay(options, input)]
    : byShortNames(input);
}

function layerByLayer({ paths, lowerDirs }: OverlayInput): StepDraft[] {
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
      mountCommand(optionsOf(lowerDirs, paths), paths.rootfs),
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

/**
 * Before `lowerdir+` all paths had to fit on one page. The names are links on a filesystem that only this mount namespace has,
 * beneath where the overlay goes: nothing of them stays on the disk.
 */
function byShortNames(input: OverlayInput): StepDraft[] {
  const { paths, lowerDirs } = input;
  const links = lowerDirs.map((dir, i) => ({ dir, name: String(i) }));
  return [
    init(
      'mount',
      { source: 'tmpfs', target: paths.rootfs, fstype: 'tmpfs', flags: [], data: 'mode=700' },
      'a place for short names: this kernel takes the names of all layers on one page, and the true ones are longer',
      `mount -t tmpfs -o mode=700 tmpfs ${quote(paths.rootfs)}`,
    ),
    init(
      'chdir',
      { path: paths.rootfs },
      'stand there, so that a name is but a number',
      `cd ${quote(paths.rootfs)}`,
    ),
    ...links.map(({ dir, name }, i) =>
      init(
        'symlink',
        { target: dir, path: name },
        lowerWhy(i, links.length),
        `ln -s ${quote(dir)} ${name}`,
      ),
    ),
    mountOverlay(
      optionsOf(
        links.map(({ name }) => name),
        paths,
      ),
      input,
    ),
  ];
}

function mountOverlay(data: string, { paths: { rootfs } }: OverlayInput): StepDraft {
  return init(
    'mount',
    { source: 'overlay', target: rootfs, fstype: 'overlay', flags: [], data },
    'overlay shows the layers of the image and a writable folder as one',
    mountCommand(data, rootfs),
  );
}

function optionsOf(lowerDirs: readonly string[], { upper, work }: PlanInput['paths']): string {
  return `lowerdir=${lowerDirs.join(':')},upperdir=${upper},workdir=${work}`;
}

function mountCommand(options: string, rootfs: string): string {
  return `mount -t overlay overlay -o ${quote(options)} ${quote(rootfs)}`;
}
