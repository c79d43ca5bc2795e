import type { HealthStatus } from '../../container/health.ts';
import { type ContainerState, isAlive } from '../../container/state.ts';
import { humanDuration } from './durations.ts';

/**
 * The STATUS column of `docker ps` (moby container/state.go, String).
 * @param nowMs the time it is told at
 */
export function statusText(
  state: ContainerState,
  nowMs = Date.now(),
  health?: HealthStatus,
): string {
  const since = (time: string) => humanDuration(Math.max(0, nowMs - Date.parse(time)) / 1000);
  if (isAlive(state))
    return `Up ${since(state.startedAt)}${state.status === 'paused' ? ' (Paused)' : healthText(health)}`;
  if (state.status === 'created') return 'Created';
  if (state.status === 'removing') return 'Removal In Progress';
  if (state.status === 'dead') return 'Dead';
  const word = state.status === 'restarting' ? 'Restarting' : 'Exited';
  return `${word} (${state.exitCode}) ${since(state.finishedAt)} ago`;
}

function healthText(health: HealthStatus | undefined): string {
  if (!health) return '';
  return health === 'starting' ? ' (health: starting)' : ` (${health})`;
}
