/**
 * Phase `rootfs`: the image's layers under a writable one become the root. All of it happens in the
 * container's own mount namespace, so the host's mount table never shows it and cannot keep it.
 * After `pivot_root` every path in the plan is the container's. mount_namespaces(7), pivot_root(2).
 */
import { type StepDraft, slot } from '../../step/step.ts';
import { mountsOf } from '../option/mount-points.ts';
import { by, quote } from './draft.ts';
import type { PlanInput } from './input.ts';
import { mountSourceSteps } from './mount-sources.ts';
import { overlaySteps } from './overlay.ts';
import { sharedMemorySteps } from './shared-memory.ts';

const init = by('init', 'rootfs');

export function rootfsSteps(input: PlanInput): StepDraft[] {
  return [
    ...mountSourceSteps(input, true),
    init(
      'mount',
      { source: null, target: '/', fstype: null, flags: ['MS_REC', 'MS_PRIVATE'], data: null },
      'what is mounted from now on is seen in here only, and what the host mounts is not seen',
      'mount --make-rprivate /',
      { see: 'mount_namespaces(7)' },
    ),
    ...engineFiles(input),
    ...mountSourceSteps(input, false),
    ...sharedMemorySteps(input),
    ...overlaySteps(input),
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
  const targets = mountsOf(record).map(({ target }) => target);
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
