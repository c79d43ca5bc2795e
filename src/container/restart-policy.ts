/**
 * When a container that has ended is started again: docker's restart policies and their back-off. Pure.
 *
 * The wait is 100 ms, doubles with every end up to a minute, and begins anew after a life of ten seconds. Who is
 * stopped by the user stays stopped; `always` alone is started again when the engine comes back.
 */

export interface RestartPolicy {
  /** `no`, `always`, `unless-stopped`, `on-failure`; empty is `no`. */
  Name: string;
  /** For `on-failure`; 0 is no limit. */
  MaximumRetryCount: number;
}

export const FIRST_DELAY_MS = 100;
export const LONGEST_DELAY_MS = 60_000;
/** Who lived as long as this is not in a loop of crashes. */
export const STEADY_AFTER_MS = 10_000;

export interface EndedLife {
  exitCode: number;
  ranMs: number;
  /** The user asked for the end. */
  manuallyStopped: boolean;
  /** How often the policy has started it since the user did. */
  restartCount: number;
  /** What was waited before the life that has ended; 0 when the user had started it. */
  lastDelayMs: number;
}

/** How long to wait before it is started again; undefined: it stays ended. */
export function restartDelayMs(policy: RestartPolicy, life: EndedLife): number | undefined {
  return wantsRestart(policy, life) ? nextDelayMs(life.lastDelayMs, life.ranMs) : undefined;
}

function wantsRestart(policy: RestartPolicy, life: EndedLife): boolean {
  if (life.manuallyStopped) return false;
  if (policy.Name === 'always' || policy.Name === 'unless-stopped') return true;
  const max = policy.MaximumRetryCount;
  return (
    policy.Name === 'on-failure' && life.exitCode !== 0 && (max === 0 || life.restartCount < max)
  );
}

/** The back-off after a life of `ranMs`. */
export function nextDelayMs(lastDelayMs: number, ranMs: number): number {
  if (lastDelayMs <= 0 || ranMs >= STEADY_AFTER_MS) return FIRST_DELAY_MS;
  return Math.min(Math.max(2 * lastDelayMs, FIRST_DELAY_MS), LONGEST_DELAY_MS);
}

/** Is a container that has ended earlier started when the engine comes back? */
export function startsWithEngine(policy: RestartPolicy, manuallyStopped: boolean): boolean {
  return policy.Name === 'always' || (policy.Name === 'unless-stopped' && !manuallyStopped);
}

export function isNone({ Name }: RestartPolicy): boolean {
  return Name === '' || Name === 'no';
}

/**
 * What is left of a wait that began before this supervisor did. A clock that was set meanwhile makes it neither
 * negative nor longer than the whole.
 */
export function remainingDelayMs(delayMs: number, finishedAt: string, nowMs: number): number {
  const passedMs = nowMs - Date.parse(finishedAt);
  return passedMs >= 0 ? Math.max(0, delayMs - passedMs) : delayMs;
}
