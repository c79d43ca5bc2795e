/** Reads a container's record: schema 1, validated where the engine relies on it. */
import { z } from 'zod';
import { endpointSchema, endpointSettingsSchema } from '../network/endpoint.ts';
import { publishedPortSchema } from '../network/ports/published.ts';
import { isVolumeName } from '../volume/name.ts';
import type { ContainerRecord } from './record.ts';

const ended = {
  exitCode: z.number().int(),
  startedAt: z.string(),
  finishedAt: z.string(),
  oomKilled: z.boolean(),
  error: z.string(),
};
const alive = {
  pid: z.number().int().positive(),
  startTicks: z.number().nonnegative(),
  bootId: z.string(),
  startedAt: z.string(),
};

const state = z.discriminatedUnion('status', [
  z.object({ status: z.literal('created'), exitCode: z.number().int(), error: z.string() }),
  z.object({ status: z.literal('running'), ...alive }),
  z.object({ status: z.literal('paused'), ...alive }),
  z.object({ status: z.literal('restarting'), ...ended }),
  z.object({ status: z.literal('removing'), ...ended }),
  z.object({ status: z.literal('exited'), ...ended }),
  z.object({ status: z.literal('dead'), ...ended }),
]);

const mountPoint = { target: z.string().startsWith('/') };
const mount = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('bind'),
    ...mountPoint,
    source: z.string(),
    readOnly: z.boolean(),
  }),
  z.looseObject({
    type: z.literal('volume'),
    ...mountPoint,
    name: z.string().refine(isVolumeName),
    readOnly: z.boolean(),
    subpath: z.string(),
    isAnonymous: z.boolean(),
  }),
  z.looseObject({ type: z.literal('tmpfs'), ...mountPoint, flags: z.array(z.string()) }),
]);

export const containerRecordSchema = z.object({
  schema: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/),
  createdAt: z.string(),
  imageId: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  config: z.looseObject({ Image: z.string(), Env: z.array(z.string()), Tty: z.boolean() }),
  hostConfig: z.looseObject({
    NetworkMode: z.string(),
    AutoRemove: z.boolean(),
    RestartPolicy: z.object({ Name: z.string(), MaximumRetryCount: z.number() }),
  }),
  mounts: z.array(mount).optional(),
  path: z.string(),
  args: z.array(z.string()),
  state,
  restartCount: z.number().int(),
  restartDelayMs: z.number().nonnegative().optional(),
  health: z
    .object({
      status: z.enum(['starting', 'healthy', 'unhealthy']),
      failingStreak: z.number().int(),
      startedAt: z.string(),
    })
    .optional(),
  manuallyStopped: z.boolean().optional(),
  networks: z.record(z.string(), endpointSettingsSchema).optional(),
  endpoints: z.record(z.string(), endpointSchema),
  published: z.array(publishedPortSchema).optional(),
}) as unknown as z.ZodType<ContainerRecord>;
