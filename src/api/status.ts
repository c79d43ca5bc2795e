/**
 * The one place that knows HTTP's status codes for the engine's errors, and how an error is told:
 * `{"message": …}` (Engine API, section "Errors").
 */
import { EngineError, type ErrorKind } from '../errors/errors.ts';

const statuses: Record<ErrorKind, number> = {
  invalid: 400,
  'not-found': 404,
  conflict: 409,
  'not-modified': 304,
  // As dockerd: at 401 docker's command would ask for a password in the midst of a pull.
  unauthorized: 500,
  forbidden: 403,
  unavailable: 503,
  'not-built': 501,
  system: 500,
};

/** A fault of the request itself that has a status of its own (411, 413, 415, …). */
export class RequestError extends EngineError {
  readonly kind = 'invalid';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Answer {
  status: number;
  message: string;
}

/** What a client is told of an error. Of a fault in Petri itself the stack stays in the log. */
export function answerFor(error: unknown): Answer {
  if (error instanceof RequestError) return { status: error.status, message: error.message };
  if (error instanceof EngineError) return { status: statuses[error.kind], message: error.message };
  const reason = error instanceof Error ? error.message : String(error);
  return { status: 500, message: `internal error: ${reason} (the supervisor's log has more)` };
}
