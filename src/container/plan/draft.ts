/** A short way to write steps: `const init = by('init', 'mounts'); init('mount', {…}, why, sh)`. */
import type { Actor, Args, Call, Phase, StepDraft } from '../../step/step.ts';

interface Extra {
  undo?: Call;
  /** Errno name that counts as success. */
  accept?: string;
  /** Man page, when it is not `CALL(2)`. */
  see?: string;
}

export type Write = (call: string, args: Args, why: string, sh: string, extra?: Extra) => StepDraft;

/** A writer of steps of one actor in one phase. */
export function by(actor: Actor, phase: Phase): Write {
  return (call, args, why, sh, extra = {}) => ({
    actor,
    phase,
    call,
    args,
    why,
    sh,
    see: `${call}(2)`,
    ...extra,
  });
}

/** Quotes a word for a POSIX shell. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
