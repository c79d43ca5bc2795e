/**
 * Phase `devices`: the six harmless devices, the links programs expect, the console. null(4), full(4),
 * random(4), tty(4). /dev is the tmpfs mounted a moment ago, so nothing here can meet a foreign file.
 */
import { type StepDraft, slot } from '../../step/step.ts';
import { by } from './draft.ts';
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

export function deviceSteps({ record }: Pick<PlanInput, 'record'>): StepDraft[] {
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
    ...(record.config.Tty ? consoleSteps() : []),
    init('umask', { mask: 0o022 }, 'the usual mask for the program', 'umask 022'),
  ];
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
