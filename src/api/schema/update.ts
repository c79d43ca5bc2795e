/** The body of `POST /containers/{id}/update`: limits and a restart policy. */
import { z } from 'zod';
import type { ResourceChanges } from '../../container/update.ts';
import { NotBuiltError } from '../../errors/errors.ts';
import { check, integer, orNull, text } from './fields.ts';
import { hostConfig } from './host-config.ts';
import { assertRestartPolicy } from './restart-policy.ts';

const limits = hostConfig.pick({
  BlkioWeight: true,
  CpuShares: true,
  CpuPeriod: true,
  CpuQuota: true,
  NanoCpus: true,
  CpusetCpus: true,
  CpusetMems: true,
  Memory: true,
  MemorySwap: true,
  MemoryReservation: true,
  PidsLimit: true,
});
const fixed = hostConfig.pick({
  CpuRealtimePeriod: true,
  CpuRealtimeRuntime: true,
});
const policy = z.object({
  RestartPolicy: orNull(z.object({ Name: text(), MaximumRetryCount: integer() })),
});

/**
 * @param value the parsed JSON
 * @throws InvalidError naming the field, NotBuiltError for limits that Petri does not have
 */
export function updateRequest(value: unknown): ResourceChanges {
  const body = value ?? {};
  const changes = check(limits, body, 'the body');
  const { RestartPolicy } = check(policy, body, 'the body');
  const unbuilt = Object.entries(check(fixed, body, 'the body')).find(([, number]) => number > 0);
  if (unbuilt) throw new NotBuiltError(`${unbuilt[0]} is not built yet: update without it`);
  if (RestartPolicy?.Name) assertRestartPolicy(RestartPolicy);
  return { ...changes, ...(RestartPolicy?.Name ? { RestartPolicy } : {}) };
}
