/** The body of `POST /containers/create` but for HostConfig: what the program is and how it is started. */
import { z } from 'zod';
import type { ContainerConfig } from '../../container/config.ts';
import { flag, integer, orNull, set, text, textMap, texts, words } from './fields.ts';

const healthcheck = z.object({
  Test: texts(),
  Interval: integer(),
  Timeout: integer(),
  StartPeriod: integer(),
  StartInterval: integer(),
  Retries: integer(),
});

const fields = z.object({
  Hostname: text(),
  Domainname: text(),
  User: text(),
  AttachStdin: flag(),
  AttachStdout: flag(),
  AttachStderr: flag(),
  ExposedPorts: set(),
  Tty: flag(),
  OpenStdin: flag(),
  StdinOnce: flag(),
  Env: texts().transform((value) => value ?? []),
  Cmd: words(),
  Healthcheck: orNull(healthcheck),
  ArgsEscaped: flag(),
  Image: text(),
  Volumes: set(),
  WorkingDir: text(),
  Entrypoint: words(),
  NetworkDisabled: flag(),
  MacAddress: text(),
  OnBuild: texts(),
  Labels: textMap().transform((value) => value ?? {}),
  StopSignal: text(),
  StopTimeout: orNull(
    z
      .int()
      .min(-1)
      .max(2 ** 31),
  ),
  Shell: words(),
});

/** Every field present; the optional ones only when they say something, as dockerd reads them back. */
export const containerConfig = fields.transform((all): ContainerConfig => {
  const { Healthcheck, ArgsEscaped, NetworkDisabled, MacAddress, StopSignal, ...config } = all;
  const { StopTimeout, Shell, ...rest } = config;
  return {
    ...rest,
    ...(Healthcheck ? { Healthcheck } : {}),
    ...(ArgsEscaped ? { ArgsEscaped } : {}),
    ...(NetworkDisabled ? { NetworkDisabled } : {}),
    ...(MacAddress ? { MacAddress } : {}),
    ...(StopSignal ? { StopSignal } : {}),
    ...(StopTimeout !== null ? { StopTimeout } : {}),
    ...(Shell ? { Shell } : {}),
  };
});
