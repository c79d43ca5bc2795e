/** What to tell of an exec that could not be started: docker's words, for its clients look for them. */
import { StartError } from '../../errors/errors.ts';
import { errnoName } from '../../kernel/ffi.ts';
import { StepFailure } from '../../step/perform.ts';
import type { Step } from '../../step/step.ts';
import { failureOf, reason } from '../start-error.ts';

/** Docker's exit code for all that is not "not found". */
const CANNOT_EXECUTE = 126;
const NOT_FOUND = 127;

/** The error to tell, and the exit code the exec is to have. */
export function execError(error: unknown): { error: unknown; exitCode: number } {
  if (!(error instanceof StepFailure)) return { error, exitCode: CANNOT_EXECUTE };
  const { words, exitCode } = wordsFor(error.step, error.errno, error.cause);
  const told = new StartError(
    `OCI runtime exec failed: exec failed: unable to start container process: ${words}: unknown`,
    exitCode,
    { cause: error },
  );
  return { error: told, exitCode };
}

function wordsFor(step: Step, errno: number, cause: unknown): { words: string; exitCode: number } {
  const code = errnoName(errno);
  if (step.call === 'openat2' && step.phase === 'identity')
    return {
      words: `chdir to cwd (${JSON.stringify(step.args.path)}) set in config.json failed: ${reason(code)}`,
      exitCode: CANNOT_EXECUTE,
    };
  const { words, exitCode } = failureOf(step, errno, code, cause);
  return { words, exitCode: exitCode === NOT_FOUND ? NOT_FOUND : CANNOT_EXECUTE };
}
