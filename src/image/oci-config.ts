/**
 * The image configuration: the JSON document whose sha256 is the image's id. Read with tolerance for
 * fields we do not know, and with none for the ones the engine relies on.
 *
 * OCI image-spec, config.md
 */
import { z } from 'zod';
import { InvalidError } from '../errors/errors.ts';
import type { ImageConfig } from './image.ts';

const strings = z.array(z.string()).nullish();
/** Docker takes one word for a list of it. */
const words = z.union([z.array(z.string()), z.string().transform((word) => [word])]).nullish();
const set = z.record(z.string(), z.looseObject({})).nullish();

const configSchema = z.looseObject({
  User: z.string().optional(),
  ExposedPorts: set,
  Env: strings,
  Entrypoint: words,
  Cmd: words,
  Volumes: set,
  WorkingDir: z.string().optional(),
  Labels: z.record(z.string(), z.string()).nullish(),
  StopSignal: z.string().optional(),
  Healthcheck: z.looseObject({}).nullish(),
  OnBuild: strings,
  Shell: words,
});

const ociSchema = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  created: z.string().optional(),
  author: z.string().optional(),
  comment: z.string().optional(),
  config: configSchema.nullish(),
  rootfs: z.looseObject({
    type: z.literal('layers'),
    diff_ids: z.array(z.string().regex(/^sha256:[a-f0-9]{64}$/)),
  }),
  history: z
    .array(
      z.looseObject({
        created: z.string().optional(),
        author: z.string().optional(),
        created_by: z.string().optional(),
        comment: z.string().optional(),
        empty_layer: z.boolean().optional(),
      }),
    )
    .nullish(),
});

/** One step in which an image was made. */
export interface HistoryEntry {
  /** RFC 3339 */
  created?: string | undefined;
  author?: string | undefined;
  created_by?: string | undefined;
  comment?: string | undefined;
  /** It has no layer of its own. */
  empty_layer?: boolean | undefined;
}

export interface OciConfig {
  architecture: string;
  os: string;
  variant?: string | undefined;
  created: string;
  author: string;
  comment: string;
  config: ImageConfig;
  /** The first step first. */
  history: HistoryEntry[];
  diffIds: string[];
}

/** As many as an overlay is sure to take on every kernel, with a container's own two on top; docker has the same. */
export const layersMax = 127;

/** @throws ZodError, SyntaxError when it is no image configuration; InvalidError when it has too many layers */
export function parseOciConfig(bytes: Uint8Array): OciConfig {
  const oci = ociSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  const { length } = oci.rootfs.diff_ids;
  if (length > layersMax)
    throw new InvalidError(
      `max depth exceeded: the image has ${length} layers, ${layersMax} is the most`,
    );
  return {
    architecture: oci.architecture,
    os: oci.os,
    ...(oci.variant && { variant: oci.variant }),
    created: oci.created ?? '0001-01-01T00:00:00Z',
    author: oci.author ?? '',
    comment: oci.comment ?? oci.history?.at(-1)?.comment ?? '',
    config: (oci.config ?? {}) as ImageConfig,
    history: oci.history ?? [],
    diffIds: oci.rootfs.diff_ids,
  };
}

/** The document for an imported root filesystem, as docker writes it. */
export function importedConfig(fields: {
  architecture: string;
  os: string;
  created: string;
  comment: string;
  config: ImageConfig;
  diffId: string;
}): Buffer {
  const { architecture, os, created, comment, config, diffId } = fields;
  return Buffer.from(
    JSON.stringify({
      architecture,
      comment,
      config,
      created,
      history: [{ created, comment }],
      os,
      rootfs: { type: 'layers', diff_ids: [diffId] },
    }),
  );
}
