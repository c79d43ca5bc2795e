/** How a command ends other than well. */

/** The command line is wrong; `code` is the exit code. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly code: number,
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
