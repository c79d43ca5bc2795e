/** Trying again what may go well the next time, with pauses that grow, a few times. */
import { setTimeout as delay } from 'node:timers/promises';
import { UnavailableError } from '../../errors/errors.ts';
import { TransientError } from './failures.ts';
import type { Limits } from './options.ts';

/** Statuses that say "later": RFC 9110, 6585. */
const transientStatuses = [408, 425, 429, 500, 502, 503, 504];

export function isTransientStatus(status: number): boolean {
  return transientStatuses.includes(status);
}

/**
 * @param attempt does it; tried again after a TransientError alone
 * @throws the last error, without further attempts UnavailableError when the registry asks for too long a pause
 */
export async function withRetries<T>(
  limits: Limits,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failed = 1; ; failed++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransientError) || failed >= limits.attempts) throw error;
      await pause(limits, failed, error, signal);
    }
  }
}

/** @param failed how many attempts have failed so far, at least one */
export async function pause(
  limits: Limits,
  failed: number,
  error: TransientError,
  signal: AbortSignal,
): Promise<void> {
  const { retryAfterMs } = error;
  if (retryAfterMs !== undefined && retryAfterMs > limits.retryAfterMaxMs)
    throw new UnavailableError(
      `${error.message}: the registry asks to wait ${Math.ceil(retryAfterMs / 1000)} s; try again then`,
      { cause: error },
    );
  await delay(retryAfterMs ?? backOff(limits, failed), undefined, { signal });
}

/** Doubles, and half of it is chance, so that many clients do not come back at the same moment. */
function backOff({ pauseMs, pauseMaxMs }: Limits, failed: number): number {
  const full = Math.min(pauseMs * 2 ** (failed - 1), pauseMaxMs);
  return full / 2 + (Math.random() * full) / 2;
}

/**
 * The header Retry-After: seconds, or a date.
 * @returns milliseconds from now, undefined when it is absent or makes no sense
 */
export function retryAfterOf(header: string | undefined, nowMs = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = /[A-Za-z]{3}/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
