/**
 * Errors by meaning. Every message names what was attempted, on what, why it failed and, where there
 * is something to do about it, what to do. One function alone (src/api/status.ts) maps the classes to
 * HTTP, and nothing else in the engine knows a status code.
 */

export abstract class EngineError extends Error {
  abstract readonly kind: ErrorKind;
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

export type ErrorKind =
  | 'invalid'
  | 'not-found'
  | 'conflict'
  | 'not-modified'
  | 'unauthorized'
  | 'forbidden'
  | 'unavailable'
  | 'not-built'
  | 'system';

/** A value the caller gave is wrong: 400. */
export class InvalidError extends EngineError {
  readonly kind = 'invalid';
}
/** No such object: 404. */
export class NotFoundError extends EngineError {
  readonly kind = 'not-found';
}
/** The object's state, or another object, stands against it: 409. */
export class ConflictError extends EngineError {
  readonly kind = 'conflict';
}
/** It is so already: 304. */
export class NotModifiedError extends EngineError {
  readonly kind = 'not-modified';
}
/** A registry wants other credentials, or some: 500, and 401 of `POST /auth` alone. */
export class UnauthorizedError extends EngineError {
  readonly kind = 'unauthorized';
}
/** Refused on principle: 403. */
export class ForbiddenError extends EngineError {
  readonly kind = 'forbidden';
}
/** Too busy, try again: 503. */
export class UnavailableError extends EngineError {
  readonly kind = 'unavailable';
}
/** A part of Docker that Petri does not have: 501. */
export class NotBuiltError extends EngineError {
  readonly kind = 'not-built';
}
/** The engine or the host failed: 500. */
export class SystemError extends EngineError {
  readonly kind = 'system';
}

/**
 * The user's program could not be started: 400, with docker's exit code in the container's state.
 * `exitCode` is 127 (not found), 126 (not executable) or 128 (set-up failed).
 */
export class StartError extends EngineError {
  readonly kind = 'invalid';
  constructor(
    message: string,
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A system call failed. Carries what is needed to say it well; see `describe`. */
export class KernelError extends EngineError {
  readonly kind = 'system';
  /**
   * @param call the call's name, e.g. `mount`
   * @param errno its number
   * @param code its name, e.g. `EBUSY`
   * @param on what it was attempted on: paths, names, numbers, in the call's order
   * @param hint what to do about it, if known
   */
  constructor(
    readonly call: string,
    readonly errno: number,
    readonly code: string,
    readonly on: readonly string[] = [],
    readonly hint?: string,
  ) {
    super(`${call}(${on.join(', ')}): ${code}${hint ? ` (${hint})` : ''}`);
  }
}
