/**
 * Phase `mounts`: /proc, /dev, /sys and the engine's files under /etc.
 *
 * The three folders come from the image or from what the container left behind, so they are not trusted: each is opened
 * without following any link, and mounted on by that descriptor. What lies below them afterwards is on
 * filesystems the kernel just made for us, and can be named by path. proc(5), sysfs(5), tmpfs(5).
 */
import { type StepDraft, slot } from '../../step/step.ts';
import { by } from './draft.ts';
import { placeEngineFiles } from './engine-files.ts';
import type { PlanInput } from './input.ts';
import { DEVPTS_DATA } from './stdio.ts';
import { sysctlSteps } from './sysctls.ts';
import { userMountSteps } from './user-mounts.ts';

const init = by('init', 'mounts');
const SAFE = ['MS_NOSUID', 'MS_NODEV', 'MS_NOEXEC'];
const DEFAULT_SHM_BYTES = 64 * 1024 * 1024;

interface Mount {
  fstype: string;
  /** What stands for a source in mountinfo and df; the type unless told. */
  source?: string;
  target: string;
  flags: readonly string[];
  data?: string;
  why: string;
}

export function mountSteps(input: PlanInput): StepDraft[] {
  return [
    ...userMountSteps(input, 'root'),
    ...onFolder({
      fstype: 'proc',
      target: '/proc',
      flags: SAFE,
      why: 'processes of this pid namespace, and no others',
    }),
    ...sysctlSteps(input),
    ...onFolder({
      fstype: 'tmpfs',
      target: '/dev',
      flags: ['MS_NOSUID', 'MS_STRICTATIME'],
      data: 'mode=755,size=65536k',
      why: "an empty /dev: none of the host's devices",
    }),
    ...below(input),
    ...onFolder({
      fstype: 'sysfs',
      target: '/sys',
      flags: readOnlyUnless(input.record.hostConfig.Privileged),
      why: 'the kernel and its devices, to look at only',
    }),
    ...cgroupMounts(input),
    init('chdir', { path: '/' }, 'back to the root', 'cd /'),
    ...placeEngineFiles(input),
  ];
}

/** A privileged container may change what the kernel shows under /sys. */
function readOnlyUnless(privileged: boolean): string[] {
  return privileged ? SAFE : [...SAFE, 'MS_RDONLY'];
}

function mount(
  { fstype, source = fstype, target, flags, data, why }: Mount,
  at = target,
): StepDraft {
  const options = [...flags.map((flag) => flag.slice(3).toLowerCase()), ...(data ? [data] : [])]
    .join(',')
    .replace('rdonly', 'ro');
  return init(
    'mount',
    { source, target: at, fstype, flags, data: data ?? null },
    why,
    `mount -t ${fstype} -o ${options} ${source} ${at}`,
  );
}

/** Opens the folder without following links, stands in it, mounts on where it stands. */
function onFolder(what: Mount): StepDraft[] {
  const at = slot(`at ${what.target}`);
  return [
    init(
      'openat2',
      {
        dir: 'AT_FDCWD',
        path: what.target,
        flags: ['O_PATH', 'O_DIRECTORY', 'O_NOFOLLOW', 'O_CLOEXEC'],
        resolve: ['RESOLVE_NO_SYMLINKS', 'RESOLVE_NO_MAGICLINKS'],
        out: at,
      },
      `${what.target} must be a true folder: a link that an image put there is refused`,
      `[ -d ${what.target} ] && [ ! -L ${what.target} ]`,
    ),
    init('fchdir', { fd: at }, 'stand in it: it cannot be swapped any more', `cd ${what.target}`, {
      see: 'chdir(2)',
    }),
    mount(what, '.'),
  ];
}

function below({ record }: PlanInput): StepDraft[] {
  const folder = (path: string, mode: number) =>
    init('mkdir', { path, mode }, 'a place to mount on', `mkdir -m ${mode.toString(8)} ${path}`);
  return [
    init('umask', { mask: 0 }, 'modes of what is made here are exactly those asked for', 'umask 0'),
    folder('/dev/pts', 0o755),
    record.config.Tty ? placeTerminals() : newTerminals(),
    ...(record.hostConfig.IpcMode === 'none'
      ? []
      : [folder('/dev/shm', 0o1777), sharedMemory(record.hostConfig)]),
    folder('/dev/mqueue', 0o755),
    mount({
      fstype: 'mqueue',
      target: '/dev/mqueue',
      flags: SAFE,
      why: 'POSIX message queues of this ipc namespace',
    }),
  ];
}

/** Its own, or (with another's ipc namespace) the other's, of which rootfs.ts has taken hold. */
function sharedMemory({ IpcMode, ShmSize }: PlanInput['record']['hostConfig']): StepDraft {
  if (IpcMode === 'host' || IpcMode.startsWith('container:'))
    return init(
      'move_mount',
      {
        from: slot('shm'),
        from_path: '',
        to: 'AT_FDCWD',
        to_path: '/dev/shm',
        flags: ['MOVE_MOUNT_F_EMPTY_PATH'],
      },
      'POSIX shared memory goes with the ipc namespace: it is shared too',
      '# mount --bind SHARED /dev/shm',
    );
  return mount({
    fstype: 'tmpfs',
    source: 'shm',
    target: '/dev/shm',
    flags: SAFE,
    data: `mode=1777,size=${ShmSize || DEFAULT_SHM_BYTES}`,
    why: 'POSIX shared memory, bounded',
  });
}

function newTerminals(): StepDraft {
  return mount({
    fstype: 'devpts',
    target: '/dev/pts',
    flags: ['MS_NOSUID', 'MS_NOEXEC'],
    data: DEVPTS_DATA,
    why: "pseudo-terminals of its own: the host's cannot be seen",
  });
}

function placeTerminals(): StepDraft {
  return init(
    'move_mount',
    {
      from: slot('devpts'),
      from_path: '',
      to: 'AT_FDCWD',
      to_path: '/dev/pts',
      flags: ['MOVE_MOUNT_F_EMPTY_PATH'],
    },
    'the terminals the shim made appear in the container',
    '# $R/dev/pts is in place',
  );
}

const CGROUP = '/sys/fs/cgroup';

function cgroupMounts({ facts, record }: PlanInput): StepDraft[] {
  const readOnly = readOnlyUnless(record.hostConfig.Privileged);
  const why = 'what it uses and may use, to look at only: its own group is the root';
  if (facts.cgroup.mode === 'v2')
    return [mount({ fstype: 'cgroup2', target: CGROUP, flags: readOnly, why })];
  return [
    mount({
      fstype: 'tmpfs',
      target: CGROUP,
      flags: SAFE,
      data: 'mode=755,size=64k',
      why: 'a folder for each hierarchy',
    }),
    ...facts.cgroup.hierarchies.flatMap(({ name }) => [
      init(
        'mkdir',
        { path: `${CGROUP}/${name}`, mode: 0o755 },
        'a place to mount on',
        `mkdir ${CGROUP}/${name}`,
      ),
      mount({ fstype: 'cgroup', target: `${CGROUP}/${name}`, flags: readOnly, data: name, why }),
    ]),
    init(
      'mount',
      {
        source: null,
        target: CGROUP,
        fstype: null,
        flags: ['MS_REMOUNT', 'MS_BIND', ...readOnly],
        data: null,
      },
      'and the folder itself is closed',
      `mount -o remount,bind,ro ${CGROUP}`,
    ),
  ];
}
