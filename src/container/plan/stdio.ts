/**
 * Phase `stdio`: what will be the program's descriptors 0, 1 and 2. Pipes, of which the shim keeps the
 * other ends, or a pseudo-terminal. Made by the shim before the container exists: the terminal comes
 * from the container's own devpts, mounted detached, so that no path and no symlink is involved.
 */
import { type Slot, type StepDraft, slot } from '../../step/step.ts';
import { by } from './draft.ts';
import type { PlanInput } from './input.ts';

const shim = by('shim', 'stdio');
const CLOEXEC = ['O_CLOEXEC'];

/** Of the container's devpts: 5 is the group `tty` on every distribution docker cares for. */
const DEVPTS = { ptmxmode: '0666', mode: '0620', gid: '5' } as const;
export const DEVPTS_DATA = `newinstance,${Object.entries(DEVPTS)
  .map(([key, value]) => `${key}=${value}`)
  .join(',')}`;

export function stdioSteps({ record }: Pick<PlanInput, 'record'>): StepDraft[] {
  return record.config.Tty ? terminalSteps() : pipeSteps(record.config.OpenStdin);
}

export function pipeSteps(stdin: boolean): StepDraft[] {
  return [
    stdin
      ? pipe('stdin', 'what a client types goes in here')
      : shim(
          'open',
          { path: '/dev/null', flags: ['O_RDONLY', 'O_CLOEXEC'], mode: 0, out: slot('stdin_read') },
          'nobody will type: the program reads end of file',
          'exec 0< /dev/null',
        ),
    pipe('stdout', 'the shim reads what the program prints, logs it and hands it on'),
    pipe('stderr', 'the same for errors, kept apart'),
  ];
}

function pipe(name: 'stdin' | 'stdout' | 'stderr', why: string): StepDraft {
  return shim(
    'pipe2',
    { read: slot(`${name}_read`), write: slot(`${name}_write`), flags: CLOEXEC },
    why,
    `mkfifo ${name}`,
  );
}

function terminalSteps(): StepDraft[] {
  const fs = slot('devpts.fs');
  return [
    shim(
      'fsopen',
      { fstype: 'devpts', flags: ['FSOPEN_CLOEXEC'], out: fs },
      "a new set of pseudo-terminals: the container cannot see the host's",
      '# the terminals of the container: mount -t devpts',
    ),
    ...Object.entries(DEVPTS).map(([key, value]) =>
      shim(
        'fsconfig',
        { fs, cmd: ['FSCONFIG_SET_STRING'], key, value },
        'who may use the terminals',
        `# -o ${key}=${value}`,
      ),
    ),
    shim('fsconfig', { fs, cmd: ['FSCONFIG_CMD_CREATE'] }, 'make it', '# create'),
    shim(
      'fsmount',
      {
        fs,
        flags: ['FSMOUNT_CLOEXEC'],
        attr_flags: ['MOUNT_ATTR_NOSUID', 'MOUNT_ATTR_NOEXEC'],
        out: slot('devpts'),
      },
      'a mount that is nowhere yet: only this descriptor knows it',
      'mount -t devpts -o nosuid,noexec devpts "$R/dev/pts"',
    ),
    ...openTerminal(
      { dir: slot('devpts'), path: 'ptmx', resolve: ['RESOLVE_NO_SYMLINKS'] },
      '$R/dev/pts',
    ),
  ];
}

/**
 * Both sides of a new terminal: `terminal` for the shim, `tty` for the program.
 * @param ptmx where the multiplexer is found, and how
 * @param folder the folder of terminals, as a shell knows it
 */
export function openTerminal(
  ptmx: { dir: Slot; path: string; resolve: readonly string[] },
  folder: string,
): StepDraft[] {
  return [
    shim(
      'openat2',
      {
        dir: ptmx.dir,
        path: ptmx.path,
        flags: ['O_RDWR', 'O_NOCTTY', 'O_CLOEXEC'],
        resolve: ptmx.resolve,
        out: slot('terminal'),
      },
      "the shim's side of the terminal",
      `exec {terminal}<> "${folder}/ptmx"`,
    ),
    shim(
      'ioctl',
      { fd: slot('terminal'), request: ['TIOCSPTLCK'], arg: 0 },
      'unlock the other side',
      '# unlockpt',
      { see: 'ioctl_tty(2)' },
    ),
    shim(
      'ioctl',
      {
        fd: slot('terminal'),
        request: ['TIOCGPTPEER'],
        arg: ['O_RDWR', 'O_NOCTTY', 'O_CLOEXEC'],
        out: slot('tty'),
      },
      "open the program's side through the descriptor: no path inside the container is trusted",
      `exec {tty}<> "${folder}/0"`,
      { see: 'ioctl_tty(2)' },
    ),
  ];
}
