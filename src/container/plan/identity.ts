/**
 * Phase `identity`: which user, which groups, which capabilities, which limits, and where it stands.
 * The order is what makes it safe: the bounding set is cut while there is still the right to cut it,
 * groups before user, the working directory as the user. capabilities(7), credentials(7).
 */
import { InvalidError } from '../../errors/errors.ts';
import { capabilityNames, dockerCapabilities } from '../../kernel/capabilities.ts';
import { type StepDraft, slot } from '../../step/step.ts';
import type { HostConfig } from '../config.ts';
import { security } from '../option/security.ts';
import { by, quote } from './draft.ts';
import type { Identity, PlanInput } from './input.ts';

const init = by('init', 'identity');

export function identitySteps(input: PlanInput): StepDraft[] {
  const { record, identity } = input;
  return [
    ...limits(record.hostConfig.Ulimits ?? []),
    ...makeWorkingDirectory(record.config.WorkingDir),
    ...(record.hostConfig.ReadonlyRootfs ? [readOnlyRoot()] : []),
    ...giveStdio(identity.uid, record.config),
    ...becomeUser(
      identity,
      capabilitiesOf(record.hostConfig, input.facts.capabilities),
      input.seccomp,
    ),
    ...noNewPrivileges(record.hostConfig),
    ...enterWorkingDirectory(record.config.WorkingDir || '/'),
  ];
}

/**
 * What the container's programs may keep.
 * @param all those the engine can give
 * @throws InvalidError for an unknown name
 */
export function capabilitiesOf(
  { Privileged, CapAdd, CapDrop }: HostConfig,
  all: readonly string[],
): string[] {
  if (Privileged) return [...all];
  return keptCapabilities(CapAdd ?? [], CapDrop ?? [], all);
}

/**
 * From root with all rights to this user with these.
 * @param filter of system calls, in base64. Loaded while there is still the right to: later it would need
 *   no_new_privs, and setuid programs would stop working. seccomp(2)
 */
export function becomeUser(
  identity: Identity,
  kept: readonly string[],
  filter: string | undefined,
): StepDraft[] {
  return [
    init(
      'capbset',
      { keep: [...kept] },
      'what is not kept here can never be gained again, not even by a setuid program',
      `capsh --drop=ALL,-${kept.join(',-').toLowerCase()}`,
      { see: 'capabilities(7)' },
    ),
    ...(filter === undefined ? [] : [filterCalls(filter)]),
    init(
      'setgroups',
      { groups: [...identity.groups] },
      'exactly these groups: those of the engine are gone',
      `# --groups ${identity.groups.join(',')}`,
    ),
    init(
      'setresgid',
      { rgid: identity.gid, egid: identity.gid, sgid: identity.gid },
      'its group',
      `# setpriv --regid ${identity.gid}`,
    ),
    init(
      'setresuid',
      { ruid: identity.uid, euid: identity.uid, suid: identity.uid },
      identity.uid === 0
        ? 'root, but with few capabilities'
        : 'its user: with this all capabilities are gone',
      `# setpriv --reuid ${identity.uid}`,
    ),
    capset(identity.uid === 0 ? kept : []),
  ];
}

function filterCalls(filter: string): StepDraft {
  return init(
    'seccomp',
    { flags: [], filter },
    'from here on the kernel refuses the calls that reach past a container (src/container/plan/seccomp-policy.ts)',
    '# a shell cannot load a filter: systemd-run --property=SystemCallFilter=... is like it',
  );
}

/** Of `--security-opt no-new-privileges`. */
export function noNewPrivileges({ SecurityOpt }: Pick<HostConfig, 'SecurityOpt'>): StepDraft[] {
  if (!security(SecurityOpt).noNewPrivileges) return [];
  return [
    init(
      'prctl',
      { option: ['PR_SET_NO_NEW_PRIVS'], arg2: 1 },
      'no program file, setuid or with capabilities, gives it more than it has now',
      'setpriv --no-new-privs',
    ),
  ];
}

function capset(effective: readonly string[]): StepDraft {
  return init(
    'capset',
    { effective, permitted: effective, inheritable: [] },
    'and nothing is inheritable: a program file cannot bring more',
    `capsh --caps='${effective.join(',').toLowerCase() || 'all'}${effective.length ? '=ep' : '='}'`,
  );
}

/**
 * Docker's 14, plus `--cap-add`, minus `--cap-drop`; `ALL` and names with or without CAP_.
 * @throws InvalidError for an unknown name
 */
export function keptCapabilities(
  add: readonly string[],
  drop: readonly string[],
  all: readonly string[] = capabilityNames,
): string[] {
  const added = add.flatMap((name) => (isAll(name) ? all : [normal(name, 'CapAdd')]));
  const every: readonly string[] = capabilityNames;
  const dropped = new Set(
    drop.flatMap((name) => (isAll(name) ? every : [normal(name, 'CapDrop')])),
  );
  const base = drop.some(isAll) ? [] : dockerCapabilities;
  const kept = new Set([...base, ...added]);
  // `--cap-drop ALL --cap-add X` keeps X; `--cap-add ALL --cap-drop X` drops X.
  const named = add.filter((name) => !isAll(name));
  const explicit = new Set(drop.some(isAll) ? named.map((name) => normal(name, 'CapAdd')) : []);
  return (capabilityNames as readonly string[]).filter(
    (name) => kept.has(name) && (!dropped.has(name) || explicit.has(name)),
  );
}

function isAll(name: string): boolean {
  return name.toUpperCase() === 'ALL' || name.toUpperCase() === 'CAP_ALL';
}

function normal(name: string, option: 'CapAdd' | 'CapDrop'): string {
  const upper = name.toUpperCase();
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!(capabilityNames as readonly string[]).includes(full))
    throw new InvalidError(`invalid ${option}: unknown capability: "${full}"`);
  return full;
}

export function limits(
  ulimits: readonly { Name: string; Soft: number; Hard: number }[],
): StepDraft[] {
  return ulimits.map(({ Name, Soft, Hard }) =>
    init(
      'prlimit64',
      { resource: [`RLIMIT_${Name.toUpperCase()}`], soft: Soft, hard: Hard },
      'how much of this one process may use',
      `prlimit --pid $$ --${Name}=${Soft}:${Hard}`,
      { see: 'getrlimit(2)' },
    ),
  );
}

/**
 * Each folder is made in the one above it, which was opened without passing through /proc/self/fd: by path alone, root
 * could be led to make folders of the host.
 */
function makeWorkingDirectory(path: string): StepDraft[] {
  const parts = path.split('/').filter(Boolean);
  return parts.flatMap((name, i) => {
    const above = `/${parts.slice(0, i).join('/')}`;
    return [...(i === 0 ? [] : [openAbove(above, i)]), makeIn(above, name, i)];
  });
}

function openAbove(path: string, depth: number): StepDraft {
  return init(
    'openat2',
    {
      dir: 'AT_FDCWD',
      path,
      flags: ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC'],
      resolve: ['RESOLVE_NO_MAGICLINKS'],
      out: slot(`workdir ${depth}`),
    },
    'the folder above, found without /proc/self/fd: that could lead out of the container',
    `test -d ${quote(path)}`,
  );
}

function makeIn(above: string, name: string, depth: number): StepDraft {
  const path = `${above === '/' ? '' : above}/${name}`;
  const why = 'the working directory is made if it is not there';
  const options = { accept: 'EEXIST' };
  if (depth === 0)
    return init('mkdir', { path, mode: 0o755 }, why, `mkdir -p ${quote(path)}`, options);
  return init(
    'mkdirat',
    { dir: slot(`workdir ${depth}`), path: name, mode: 0o755 },
    why,
    `mkdir -p ${quote(path)}`,
    {
      ...options,
      see: 'mkdir(2)',
    },
  );
}

function readOnlyRoot(): StepDraft {
  return init(
    'mount_setattr',
    { dir: 'AT_FDCWD', path: '/', flags: [], attr_set: ['MOUNT_ATTR_RDONLY'] },
    'nothing of the root may be written',
    'mount -o remount,bind,ro /',
  );
}

/** So that a program that is not root can open /dev/stdout, as servers' log files do. */
export function giveStdio(uid: number, config: { Tty: boolean; OpenStdin: boolean }): StepDraft[] {
  if (uid === 0) return [];
  const names = config.Tty
    ? ['tty']
    : [...(config.OpenStdin ? ['stdin_read'] : []), 'stdout_write', 'stderr_write'];
  return names.map((name) =>
    init(
      'fchown',
      { fd: slot(name), uid, gid: -1 },
      'its own output: it may open /dev/stdout',
      `# chown ${uid} ${name}`,
      {
        see: 'chown(2)',
      },
    ),
  );
}

export function enterWorkingDirectory(path: string): StepDraft[] {
  return [
    init(
      'openat2',
      {
        dir: 'AT_FDCWD',
        path,
        flags: ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC'],
        resolve: ['RESOLVE_NO_MAGICLINKS'],
        out: slot('cwd'),
      },
      'found as the user, and not through /proc/self/fd: that could lead out of the container',
      `test -d ${quote(path)}`,
    ),
    init('fchdir', { fd: slot('cwd') }, 'where the program starts', `cd ${quote(path)}`, {
      see: 'chdir(2)',
    }),
    init('getcwd', {}, 'prove that it lies under the new root', 'pwd'),
  ];
}
