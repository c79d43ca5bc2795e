/**
 * Health checks: what is to be run when, and what its results make of a container. Pure.
 * Sources: Engine API `HealthConfig` and `Health`; moby daemon/health.go.
 */
import type { ContainerConfig, Healthcheck } from './config.ts';

export type HealthStatus = 'starting' | 'healthy' | 'unhealthy';

/** As `State.Health` shows it. */
export interface Health {
  status: HealthStatus;
  /** Failures in a row, those of the start period not counted. */
  failingStreak: number;
  /** The last five results, oldest first. */
  log: readonly ProbeResult[];
}

export interface ProbeResult {
  /** RFC 3339 with nanoseconds. */
  start: string;
  end: string;
  /** 0 is healthy; -1: it could not be run, or not in time. */
  exitCode: number;
  output: string;
}

/** A check with docker's defaults in it. */
export interface Check {
  argv: string[];
  intervalMs: number;
  timeoutMs: number;
  startPeriodMs: number;
  startIntervalMs: number;
  retries: number;
}

const LOG_ENTRIES = 5;
/** More output than this of one probe is cut. */
export const OUTPUT_BYTES = 4096;
const SHELL = ['/bin/sh', '-c'];

/** The check of a container; undefined when it has none, or of a kind that nobody knows. */
export function checkOf({ Healthcheck, Shell }: ContainerConfig): Check | undefined {
  const [kind, ...words] = Healthcheck?.Test ?? [];
  if ((kind !== 'CMD' && kind !== 'CMD-SHELL') || words.length === 0) return undefined;
  const argv = kind === 'CMD' ? words : [...(Shell?.length ? Shell : SHELL), words[0] as string];
  const ms = (nanoseconds: number | undefined, unset: number) =>
    nanoseconds ? Math.max(1, nanoseconds / 1e6) : unset;
  return {
    argv,
    intervalMs: ms(Healthcheck?.Interval, 30_000),
    timeoutMs: ms(Healthcheck?.Timeout, 30_000),
    startPeriodMs: ms(Healthcheck?.StartPeriod, 0),
    startIntervalMs: ms(Healthcheck?.StartInterval, 5_000),
    retries: Healthcheck?.Retries || 3,
  };
}

/** One's own settings over the image's, field by field; `NONE` takes the image's check away. */
export function mergeHealthcheck(
  own: Healthcheck | null | undefined,
  image: Healthcheck | null | undefined,
): Healthcheck | undefined {
  if (!own) return image ?? undefined;
  if (!image) return own;
  const set = Object.entries(own).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : Boolean(value),
  );
  return { ...image, ...Object.fromEntries(set) };
}

/** What a container is when its program has just been started. */
export function starting(): Health {
  return { status: 'starting', failingStreak: 0, log: [] };
}

/**
 * What a result makes of it: one success is healthy, `retries` failures in a row are unhealthy.
 * @param inStartPeriod the probe began within it: then a failure does not count for who was never healthy
 */
export function afterProbe(
  health: Health,
  result: ProbeResult,
  { retries }: Pick<Check, 'retries'>,
  inStartPeriod: boolean,
): Health {
  const log = [...health.log, result].slice(-LOG_ENTRIES);
  if (result.exitCode === 0) return { status: 'healthy', failingStreak: 0, log };
  if (health.status === 'starting' && inStartPeriod) return { ...health, log };
  const failingStreak = health.failingStreak + 1;
  return { status: failingStreak >= retries ? 'unhealthy' : health.status, failingStreak, log };
}

/** How long to wait before the next probe. */
export function probeDelayMs(check: Check, health: Health, ranMs: number): number {
  const isStarting = health.status === 'starting' && ranMs < check.startPeriodMs;
  return isStarting ? check.startIntervalMs : check.intervalMs;
}
