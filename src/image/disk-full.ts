/** A full disk is nobody's fault and has one remedy: it is told in one way, whatever call it was that failed. */
import { SystemError } from '../errors/errors.ts';

/** @param what was attempted, `pull busybox`. @returns the error to throw: another one for a full disk, else the same */
export function explainFull(error: unknown, what: string, folder: string): unknown {
  if (!['ENOSPC', 'EDQUOT'].includes(String((error as { code?: unknown })?.code))) return error;
  return new SystemError(
    `cannot ${what}: no space left on ${folder}: remove images or containers, or make room`,
    { cause: error },
  );
}
