/**
 * Phase `devices`: the six harmless devices, the links programs expect, the console. null(4), full(4),
 * random(4), tty(4). /dev is the tmpfs mounted a moment ago, so nothing here can meet a foreign file.
 */
import { type StepDraft, slot } from '../../step/step.ts';
import type { DeviceNode } from '../option/devices.ts';
import { by, quote } from './draft.ts';
import type { PlanInput } from './input.ts';

const init = by('init', 'devices');

/** name, major, minor, what it is. */
const DEVICES: readonly [string, number, number, string][] = [
  ['null', 1, 3, 'swallows what is written, reads as empty'],
  ['zero', 1, 5, 'reads as endless zeros'],
  ['full', 1, 7, 'always full: for testing'],
  ['random', 1, 8, 'random bytes'],
  ['urandom', 1, 9, 'random bytes'],
  ['tty', 5, 0, 'the terminal of whoever opens it'],
];

const LINKS: readonly [target: string, path: string, why: string][] = [
  ['/proc/self/fd', '/dev/fd', 'the open descriptors of whoever looks'],
  ['/proc/self/fd/0', '/dev/stdin', 'shells and scripts expect it'],
  ['/proc/self/fd/1', '/dev/stdout', 'servers log to it'],
  ['/proc/self/fd/2', '/dev/stderr', 'likewise'],
  ['pts/ptmx', '/dev/ptmx', 'new terminals come from the container’s own devpts'],
  ['/proc/kcore', '/dev/core', 'old programs expect it; it is masked'],
];

export function deviceSteps({
  record,
  devices,
}: Pick<PlanInput, 'record' | 'devices'>): StepDraft[] {
  return [
    ...DEVICES.map(([name, major, minor, why]) =>
      init(
        'mknod',
        { path: `/dev/${name}`, flags: ['S_IFCHR'], mode: 0o666, major, minor },
        why,
        `mknod -m 666 /dev/${name} c ${major} ${minor}`,
      ),
    ),
    ...LINKS.map(([target, path, why]) =>
      init('symlink', { target, path }, why, `ln -s ${target} ${path}`),
    ),
    ...hostDeviceSteps(devices),
    ...(record.config.Tty ? consoleSteps() : []),
    init('umask', { mask: 0o022 }, 'the usual mask for the program', 'umask 022'),
  ];
}

/** Copies of the host's device files, with the host's permissions. Only folders of ours are passed through. */
function hostDeviceSteps(devices: readonly DeviceNode[]): StepDraft[] {
  const made = new Set<string>();
  return devices.flatMap((device) => {
    const folders = foldersAbove(device.path).filter((path) => !made.has(path));
    for (const path of folders) made.add(path);
    return [
      ...folders.map((path) =>
        init('mkdir', { path, mode: 0o755 }, 'a folder for devices', `mkdir -p ${quote(path)}`, {
          accept: 'EEXIST',
        }),
      ),
      ...hostDevice(device),
    ];
  });
}

function foldersAbove(path: string): string[] {
  const names = path.split('/').slice(2, -1);
  return names.map((_, i) => `/dev/${names.slice(0, i + 1).join('/')}`);
}

function hostDevice({ path, type, major, minor, mode, uid, gid }: DeviceNode): StepDraft[] {
  const flags = [type === 'c' ? 'S_IFCHR' : 'S_IFBLK'];
  const word = `${type} ${major} ${minor}`;
  return [
    init(
      'mknod',
      { path, flags, mode, major, minor },
      'a device of the host, as asked for',
      `mknod -m ${mode.toString(8)} ${quote(path)} ${word}`,
    ),
    ...(uid === 0 && gid === 0 ? [] : [ownedBy(path, uid, gid)]),
  ];
}

function ownedBy(path: string, uid: number, gid: number): StepDraft {
  return init(
    'fchownat',
    { dir: 'AT_FDCWD', path, uid, gid, flags: ['AT_SYMLINK_NOFOLLOW'] },
    'its group may use it, as on the host',
    `chown -h ${uid}:${gid} ${quote(path)}`,
    { see: 'chown(2)' },
  );
}

function consoleSteps(): StepDraft[] {
  return [
    init(
      'open',
      {
        path: '/dev/console',
        flags: ['O_CREAT', 'O_EXCL', 'O_NOFOLLOW', 'O_CLOEXEC', 'O_RDONLY'],
        mode: 0o600,
        out: slot('console'),
      },
      'a new file to mount on: O_EXCL refuses anything that is there already',
      ': > /dev/console',
    ),
    init(
      'mount',
      {
        source: '/dev/pts/0',
        target: '/dev/console',
        fstype: null,
        flags: ['MS_BIND'],
        data: null,
      },
      "the console is the container's terminal",
      'mount --bind /dev/pts/0 /dev/console',
    ),
  ];
}
