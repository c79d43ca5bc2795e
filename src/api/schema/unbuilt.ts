/**
 * Options of `POST /containers/create` that Petri does not have yet. What changes isolation, data or how
 * the container is reached must never be dropped in silence: it is refused (501) with the name of docker's
 * option. This table is the one place that knows; what is built leaves it.
 */
import type { ContainerConfig } from '../../container/config.ts';
import { NotBuiltError } from '../../errors/errors.ts';
import type { GivenHostConfig } from './host-config.ts';

export interface Given {
  config: ContainerConfig;
  host: GivenHostConfig;
}

const some = (value: readonly unknown[] | object | null | undefined) =>
  Boolean(value && Object.keys(value).length > 0);
const other = (value: string, ...known: string[]) => !['', ...known].includes(value);

/** Those that send a log elsewhere; an unknown driver is refused as docker does (src/container/option/log-config.ts). */
const driversOfDocker = 'awslogs etwlogs fluentd gcplogs gelf journald splunk syslog'.split(' ');

/** Docker's option, the field it sets, and whether it is set to more than the default. */
export const unbuilt: readonly [option: string, field: string, isSet: (given: Given) => boolean][] =
  [
    ['--storage-opt', 'HostConfig.StorageOpt', ({ host }) => some(host.StorageOpt)],
    ['--gpus', 'HostConfig.DeviceRequests', ({ host }) => some(host.DeviceRequests)],
    ['--userns', 'HostConfig.UsernsMode', ({ host }) => other(host.UsernsMode, 'host')],
    [
      '--log-driver',
      'HostConfig.LogConfig',
      ({ host }) => driversOfDocker.includes(host.LogConfig.Type),
    ],
    ['--runtime', 'HostConfig.Runtime', ({ host }) => other(host.Runtime, 'petri', 'runc')],
    ['--isolation', 'HostConfig.Isolation', ({ host }) => other(host.Isolation, 'default')],
    [
      '--cpu-rt-period and --cpu-rt-runtime',
      'HostConfig.CpuRealtimeRuntime',
      ({ host }) => host.CpuRealtimePeriod + host.CpuRealtimeRuntime > 0,
    ],
  ];

/** @throws NotBuiltError naming the first option that is set and not built */
export function refuseUnbuilt(given: Given): void {
  const found = unbuilt.find(([, , isSet]) => isSet(given));
  if (found)
    throw new NotBuiltError(
      `${found[0]} is not built yet (${found[1]}): create the container without it`,
    );
}
