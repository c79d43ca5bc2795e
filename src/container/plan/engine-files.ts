/** The engine's /etc/hosts, hostname and resolv.conf get their places, over whatever the image has there. */
import { type StepDraft, slot } from '../../step/step.ts';
import { mountsOf } from '../option/mount-points.ts';
import { by } from './draft.ts';
import type { PlanInput } from './input.ts';
import { close, walk } from './walk.ts';

const init = by('init', 'mounts');

/** What the user mounts on one of them stays; a folder that covers /etc may lack them, so they are made in it. */
export function placeEngineFiles({ record }: PlanInput): StepDraft[] {
  const targets = mountsOf(record).map(({ target }) => target);
  return ['hosts', 'hostname', 'resolv.conf']
    .filter((name) => !targets.includes(`/etc/${name}`))
    .flatMap((name) => [
      ...engineFile(name, targets.includes('/etc')),
      ...(record.hostConfig.ReadonlyRootfs ? [readOnlyFile(name)] : []),
    ]);
}

function engineFile(name: string, isMade: boolean): StepDraft[] {
  const path = `/etc/${name}`;
  const found = isMade
    ? walk(init, path, { kind: 'file', noLinks: true })
    : { steps: [placeOf(path)], at: slot(`at ${path}`) };
  return [
    ...found.steps,
    init(
      'move_mount',
      {
        from: slot(name),
        from_path: '',
        to: found.at,
        to_path: '',
        flags: ['MOVE_MOUNT_F_EMPTY_PATH', 'MOVE_MOUNT_T_EMPTY_PATH'],
      },
      `the engine's ${path} lies over the image's`,
      `mount --bind "$C/${name}" ${path}`,
    ),
    ...(isMade ? [close(init, found.at)] : []),
  ];
}

function placeOf(path: string): StepDraft {
  return init(
    'openat2',
    {
      dir: 'AT_FDCWD',
      path,
      flags: ['O_PATH', 'O_NOFOLLOW', 'O_CLOEXEC'],
      resolve: ['RESOLVE_NO_SYMLINKS', 'RESOLVE_NO_MAGICLINKS'],
      out: slot(`at ${path}`),
    },
    'the place, found without following any link',
    `[ ! -L ${path} ]`,
  );
}

/** With `--read-only` they are as read-only as the root around them, as docker has it. */
function readOnlyFile(name: string): StepDraft {
  return init(
    'mount_setattr',
    { dir: slot(name), path: '', flags: ['AT_EMPTY_PATH'], attr_set: ['MOUNT_ATTR_RDONLY'] },
    'nothing of the root may be written, nor this file in it',
    `mount -o remount,bind,ro /etc/${name}`,
  );
}
