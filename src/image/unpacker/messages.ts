/** What an unpacking thread and the one that started it tell each other: plain data, one archive at a time. */
import { EngineError, InvalidError, SystemError } from '../../errors/errors.ts';
import type { TarLimits } from '../tar/limits.ts';
import type { Unpacked } from './unpacker.ts';

export type ToWorker =
  | {
      kind: 'unpack';
      path: string;
      available: number;
      isComplete: boolean;
      folder: string;
      limits: TarLimits;
    }
  | { kind: 'grown'; bytes: number }
  | { kind: 'complete' }
  | { kind: 'failed' };

export type FromWorker =
  | { kind: 'read'; bytes: number }
  | { kind: 'done'; unpacked: Unpacked }
  | { kind: 'error'; error: ErrorData };

/** An error that crosses from one thread to another keeps its meaning, not its class. */
export interface ErrorData {
  isInvalid: boolean;
  isExpected: boolean;
  message: string;
  /** ENOSPC, … */
  code: string | undefined;
}

export function toData(error: unknown): ErrorData {
  const { message = String(error), code } = error as NodeJS.ErrnoException;
  return {
    isInvalid: error instanceof InvalidError,
    isExpected: error instanceof EngineError || code !== undefined,
    message,
    code: code === undefined ? undefined : String(code),
  };
}

export function toError({ isInvalid, isExpected, message, code }: ErrorData): Error {
  if (isInvalid) return new InvalidError(message);
  return Object.assign(isExpected ? new SystemError(message) : new Error(message), { code });
}
