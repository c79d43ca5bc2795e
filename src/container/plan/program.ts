/** Phase `program`: descriptors 0, 1, 2 and nothing else, then the user's program. execve(2). */
import { type StepDraft, slot } from '../../step/step.ts';
import type { ContainerRecord } from '../record.ts';
import { by, quote } from './draft.ts';
import type { Identity, PlanInput } from './input.ts';

const init = by('init', 'program');
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function programSteps({
  record,
  identity,
}: Pick<PlanInput, 'record' | 'identity'>): StepDraft[] {
  return [
    ...(record.config.Tty ? [controllingTerminal('tty')] : []),
    ...connect(record.config.Tty),
    dieWithShim(),
    ...(record.hostConfig.Init
      ? becomeInit(record, identity)
      : [closeFrom(3), becomeProgram(record, identity)]),
  ];
}

function closeFrom(first: number): StepDraft {
  return init(
    'close_range',
    { first, last: 0xffffffff, flags: [] },
    'no other descriptor is left, not even for execve itself: /proc/self/fd/3/../bin/sh would be a program of the host',
    '# all other descriptors close',
  );
}

/** Where the descriptor of our own init is put. Nothing of the container's files is in play: /proc is the kernel's. */
const INIT_FD = 3;

/**
 * `--init`: process 1 is a small program of ours that reaps and passes signals on, and the user's program is its child.
 * It is executed from a sealed memfd, so that nobody in the container can write to it.
 */
function becomeInit(record: ContainerRecord, identity: Identity): StepDraft[] {
  const env = environment(record, identity);
  const argv = ['/sbin/docker-init', '--', record.path, ...record.args];
  return [
    init(
      'dup2',
      { fd: slot('docker-init'), to: INIT_FD },
      'our own init, as a descriptor of a file in memory that nobody can change',
      `exec ${INIT_FD}< petri-init`,
    ),
    closeFrom(INIT_FD + 1),
    init(
      'close_range',
      { first: INIT_FD, last: INIT_FD, flags: ['CLOSE_RANGE_CLOEXEC'] },
      'it is needed for execve alone',
      `# ${INIT_FD} closes by itself`,
    ),
    init(
      'execve',
      { file: `/proc/self/fd/${INIT_FD}`, argv, envp: env, path: [] },
      "the first process becomes an init, which starts the user's program and reaps whatever is left behind",
      `exec env -i ${env.map(quote).join(' ')} /proc/self/fd/${INIT_FD} ${argv.slice(1).map(quote).join(' ')}`,
    ),
  ];
}

export function dieWithShim(): StepDraft {
  return init(
    'prctl',
    { option: ['PR_SET_PDEATHSIG'], arg2: 9 },
    'if the shim dies the container dies with it: nothing runs unwatched',
    'setpriv --pdeathsig KILL',
  );
}

export function becomeProgram(record: ContainerRecord, identity: Identity): StepDraft {
  const env = environment(record, identity);
  return init(
    'execve',
    {
      file: record.path,
      argv: [record.path, ...record.args],
      envp: env,
      // An empty name is found in no folder; joined to one it would be the folder.
      path: record.path === '' ? [] : searchPath(env),
    },
    "the container's first process becomes the user's program",
    `exec env -i ${env.map(quote).join(' ')} ${[record.path, ...record.args].map(quote).join(' ')}`,
  );
}

/** @param name the slot that holds the program's side of the terminal */
export function controllingTerminal(name: string): StepDraft {
  return init(
    'ioctl',
    { fd: slot(name), request: ['TIOCSCTTY'], arg: 0 },
    'its session gets the terminal: Ctrl-C reaches the program in front',
    'setsid --ctty',
    { see: 'ioctl_tty(2)' },
  );
}

export function connect(tty: boolean): StepDraft[] {
  const from = tty ? ['tty', 'tty', 'tty'] : ['stdin_read', 'stdout_write', 'stderr_write'];
  return from.map((name, to) =>
    init(
      'dup2',
      { fd: slot(name), to },
      ['standard input', 'standard output', 'standard error'][to] as string,
      `exec ${to}<>${name}`,
    ),
  );
}

/** PATH, HOSTNAME, TERM, what image and user set, HOME; a later value wins. docker's order. */
export function environment(
  { config }: Pick<ContainerRecord, 'config'>,
  identity: Identity,
): string[] {
  const base = [
    `PATH=${DEFAULT_PATH}`,
    `HOSTNAME=${config.Hostname}`,
    ...(config.Tty ? ['TERM=xterm'] : []),
  ];
  const all = new Map<string, string>();
  for (const entry of [...base, ...config.Env]) all.set(entry.slice(0, entry.indexOf('=')), entry);
  if (!all.has('HOME')) all.set('HOME', `HOME=${identity.home}`);
  return [...all.values()];
}

function searchPath(env: readonly string[]): string[] {
  const path = env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  return path.split(':').filter(Boolean);
}
