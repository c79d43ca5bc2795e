/** How long a container lived. The time of day may have been set meanwhile, so the time since boot counts too. */
import { uptime } from 'node:os';
import type { ContainerState } from './state.ts';

/** Clock ticks a second as /proc shows them to programs: sysconf(3), _SC_CLK_TCK; 100 wherever Linux runs. */
const TICKS_A_SECOND = 100;

/**
 * Milliseconds from its start to `finishedAt`, never negative.
 * @param bootId of the host now: ticks of an earlier boot mean nothing
 */
export function lifetimeMs(
  state: Extract<ContainerState, { status: 'running' | 'paused' }>,
  finishedAt: string,
  bootId: string,
  uptimeSeconds = uptime(),
): number {
  const byClockMs = Date.parse(finishedAt) - Date.parse(state.startedAt);
  if (state.bootId !== bootId) return Math.max(0, byClockMs);
  // From its start to now: more than its life when the end was found late, never less.
  const sinceStartMs = Math.max(0, (uptimeSeconds - state.startTicks / TICKS_A_SECOND) * 1000);
  return byClockMs >= 0 ? Math.min(byClockMs, sinceStartMs) : sinceStartMs;
}
