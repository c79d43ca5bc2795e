/** The whole body of `POST /containers/create`, checked once and turned into what the verb takes. */
import { z } from 'zod';
import type { CreateRequest } from '../../container/config.ts';
import { InvalidError } from '../../errors/errors.ts';
import { parseSignal } from '../../kernel/signals.ts';
import { containerConfig } from './config.ts';
import { check } from './fields.ts';
import { assertHealthcheck } from './healthcheck.ts';
import { hostConfig, storedHostConfig } from './host-config.ts';
import { assertLimits } from './limits.ts';
import { networkingConfig } from './networking.ts';
import { assertRestartPolicy } from './restart-policy.ts';
import { refuseUnbuilt } from './unbuilt.ts';

const body = z.object({
  HostConfig: hostConfig.nullish(),
  NetworkingConfig: networkingConfig,
});

/**
 * @param value the parsed JSON
 * @param cpus how many this machine has
 * @throws InvalidError naming the field, NotBuiltError naming the option
 */
export function createRequest(value: unknown, cpus: number): Omit<CreateRequest, 'name'> {
  if (value === undefined || value === null)
    throw new InvalidError('config cannot be empty in order to create a container');
  const config = check(containerConfig, value, 'the body');
  const parts = check(body, value, 'the body');
  const host = parts.HostConfig ?? check(hostConfig, {}, 'HostConfig');
  if (config.Image === '' && Object.keys(value).length === 0)
    throw new InvalidError('config cannot be empty in order to create a container');
  if (config.Image === '')
    throw new InvalidError('no image specified: set Image to the reference of an image');
  if (host.AutoRemove && host.RestartPolicy.Name !== 'no')
    throw new InvalidError("can't create 'AutoRemove' container with restart policy");
  if (config.StopSignal) parseSignal(config.StopSignal);
  assertRestartPolicy(host.RestartPolicy);
  assertLimits(host, cpus);
  assertHealthcheck(config.Healthcheck);
  refuseUnbuilt({ config, host });
  return { config, hostConfig: storedHostConfig(host), networks: parts.NetworkingConfig };
}
