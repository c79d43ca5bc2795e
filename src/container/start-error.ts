/** What to tell of a step that failed: docker's words where its clients look for them. */
import { KernelError, StartError } from '../errors/errors.ts';
import type { Step } from '../step/step.ts';

/**
 * @param code errno's name
 * @param cause the error of a supervisor's step, which says more
 */
export function startError(
  name: string,
  step: Step,
  errno: number,
  code: string,
  cause?: unknown,
): StartError {
  const options = cause === undefined ? {} : { cause };
  const { words, exitCode } = failureOf(step, errno, code, cause);
  return new StartError(`cannot start container ${name}: ${words}`, exitCode, options);
}

/** Why the program could not be started, and docker's exit code for it. */
export function failureOf(
  step: Step,
  errno: number,
  code: string,
  cause?: unknown,
): { words: string; exitCode: number } {
  if (step.call === 'execve') {
    const [exitCode, words] = execFailure(String(step.args.file), code);
    return { words, exitCode };
  }
  if (step.call === 'openat2' && step.phase === 'identity')
    return {
      words: `working directory ${step.args.path}: ${reason(code)}`,
      exitCode: code === 'EACCES' ? 126 : 127,
    };
  const detail = cause instanceof KernelError ? cause.message : describe(step, errno, code);
  return {
    words: `step ${step.n} (${step.phase}) failed: ${detail}: see ${step.see}`,
    exitCode: 128,
  };
}

/** Exit code and message as docker's clients expect: 127 not found, 126 found but not executable. */
function execFailure(file: string, code: string): [number, string] {
  const quoted = JSON.stringify(file);
  if (code === 'ENOENT')
    return file.includes('/')
      ? [127, `exec: ${quoted}: stat ${file}: no such file or directory`]
      : [127, `exec: ${quoted}: executable file not found in $PATH`];
  if (code === 'EACCES') return [126, `exec: ${quoted}: permission denied`];
  if (code === 'ENOTDIR')
    return [127, `exec: ${quoted}: not a directory: no such file or directory`];
  if (code === 'ENOEXEC') return [126, `exec ${file}: exec format error`];
  if (code === 'E2BIG')
    return [
      126,
      `exec: ${quoted}: argument list too long: arguments and environment exceed the kernel's limit (execve(2))`,
    ];
  return [126, `exec: ${quoted}: ${reason(code)}`];
}

function describe(step: Step, errno: number, code: string): string {
  if (step.call === 'prlimit64' && code === 'EPERM') return limitFailure(step);
  if (step.phase === 'mounts' && (code === 'ENOTDIR' || isMisfit(step, code)))
    return `${step.call}(${step.args.path ?? ''}): ${code} (not a directory: a folder can be mounted on a folder only, a file on a file only)`;
  const on = ['path', 'target', 'to_path', 'key', 'value', 'name']
    .flatMap((key) =>
      typeof step.args[key] === 'string' && step.args[key] ? [step.args[key]] : [],
    )
    .join(', ');
  return `${step.call}(${on}): ${code || `errno ${errno}`} (${reason(code)})`;
}

/** Of two descriptors that are open the kernel has no other reason: move_mount(2). */
function isMisfit({ call }: Step, code: string): boolean {
  return call === 'move_mount' && code === 'EINVAL';
}

/** The hard limit can be raised by CAP_SYS_RESOURCE only, that of open files not above the kernel's own. */
function limitFailure({ args, sh }: Step): string {
  const limit = /--(\w+=\S+)/.exec(sh)?.[1] ?? String(args.resource);
  return `prlimit64(${limit}): EPERM (operation not permitted: the hard limit is above that of the engine itself, see ulimit -H, or above /proc/sys/fs/nr_open)`;
}

export function reason(code: string): string {
  const known: Record<string, string> = {
    EACCES: 'permission denied',
    EPERM: 'operation not permitted',
    ENOENT: 'no such file or directory',
    ENOTDIR: 'not a directory',
    ELOOP: 'a symbolic link stands where a true folder or file must be',
    EBUSY: 'busy',
    EINVAL: 'invalid argument',
    ENOSPC: 'no space left on device',
    ENOMEM: 'out of memory',
  };
  return known[code] ?? code;
}
