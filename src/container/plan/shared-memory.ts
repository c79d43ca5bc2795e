/**
 * POSIX shared memory lives in /dev/shm, a tmpfs, and not in the ipc namespace: who shares the one must be given the
 * other. The host's is taken as a mount; another container's is found in its mount namespace, where the container's
 * first process goes for one step, long before it runs anything. shm_overview(7), mount_namespaces(7).
 */
import { type StepDraft, slot } from '../../step/step.ts';
import { by } from './draft.ts';
import type { PlanInput } from './input.ts';
import { close } from './walk.ts';

const init = by('init', 'rootfs');
const CLONE = ['OPEN_TREE_CLONE', 'OPEN_TREE_CLOEXEC'];
const SEE = { see: 'mount_namespaces(7)' };

export function sharedMemorySteps({ joined, record }: PlanInput): StepDraft[] {
  if (record.hostConfig.IpcMode === 'host') return [takeHosts()];
  return joined.ipc ? takeOthers() : [];
}

function takeHosts(): StepDraft {
  return init(
    'open_tree',
    { dir: 'AT_FDCWD', path: '/dev/shm', flags: CLONE, out: slot('shm') },
    "the host's shared memory, to go with its ipc namespace",
    '# keep /dev/shm',
  );
}

function takeOthers(): StepDraft[] {
  return [
    init(
      'open',
      {
        path: '/proc/self/ns/mnt',
        flags: ['O_RDONLY', 'O_CLOEXEC'],
        mode: 0,
        out: slot('mntns.own'),
      },
      'the way back',
      'exec {own}< /proc/self/ns/mnt',
      SEE,
    ),
    enter('ipcns', "where the other container's mounts are seen", 'nsenter --mount="$OTHER/mnt"'),
    init(
      'openat2',
      {
        dir: 'AT_FDCWD',
        path: '/dev/shm',
        flags: ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC'],
        resolve: ['RESOLVE_NO_SYMLINKS', 'RESOLVE_NO_MAGICLINKS'],
        out: slot('shm.there'),
      },
      'its shared memory, found without any link',
      '[ ! -L /dev/shm ]',
    ),
    init(
      'open_tree',
      { dir: slot('shm.there'), path: '', flags: [...CLONE, 'AT_EMPTY_PATH'], out: slot('shm') },
      'the same memory as a mount that is nowhere yet',
      '# keep /dev/shm of the other container',
    ),
    enter('mntns.own', 'and back again', '# nsenter has returned'),
    close(init, slot('shm.there')),
  ];
}

function enter(name: string, why: string, sh: string): StepDraft {
  return init('setns', { fd: slot(name), nstype: ['CLONE_NEWNS'] }, why, sh, SEE);
}
