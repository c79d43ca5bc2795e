import type { Healthcheck } from '../../container/config.ts';
import { InvalidError } from '../../errors/errors.ts';

const MILLISECOND = 1e6;

/** @throws InvalidError with docker's words (moby daemon/container.go, validateHealthCheck) */
export function assertHealthcheck(healthcheck: Healthcheck | null | undefined): void {
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const nanoseconds = healthcheck?.[name] ?? 0;
    if (nanoseconds !== 0 && nanoseconds < MILLISECOND)
      throw new InvalidError(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if ((healthcheck?.Retries ?? 0) < 0)
    throw new InvalidError('Retries in Healthcheck cannot be negative');
}
