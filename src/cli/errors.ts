/** How a command ends other than well. */

/**
 * What of the command line is wrong: a flag, the number of operands, or what a flag's value means together with the
 * rest. Docker tells each in its own form.
 */
export type UsageKind = 'flag' | 'operands' | 'meaning';

/** The command line is wrong; `code` is the exit code. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly code: number,
    readonly kind: UsageKind = 'flag',
  ) {
    super(message);
  }
}

/** A message and an exit code. Without a message all has been said already. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly code = 1,
  ) {
    super(message);
  }
}

/** The form in which `run` and `create` tell an error. */
export function withHelp(message: string, command: string): string {
  return `petri: ${message}\n\nRun 'petri ${command} --help' for more information`;
}
