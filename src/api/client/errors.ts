/** What can go wrong between a client and an engine. */
import { EngineError } from '../../errors/errors.ts';

/** The engine answered with an error status; the message is its own. */
export class ApiError extends EngineError {
  readonly kind = 'system';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** No engine answers at the endpoint. `code` is the errno name, e.g. `ENOENT`, `ECONNREFUSED`. */
export class ConnectionError extends EngineError {
  readonly kind = 'unavailable';
  constructor(
    readonly endpoint: string,
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(`cannot connect to the engine at ${endpoint}: ${code}`, options);
  }
}
