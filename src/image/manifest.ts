/**
 * Manifests and indexes: what a registry or an archive says an image consists of. The text comes from strangers: it is one or the
 * other, agrees with the media type it came under, and names nothing but digests, or it is refused.
 *
 * OCI image-spec, manifest.md and image-index.md; docker's "Image Manifest Version 2, Schema 2"
 */
import { z } from 'zod';
import { InvalidError } from '../errors/errors.ts';
import { type Descriptor, mediaTypes, parseDigest } from './descriptor.ts';

/** Of a manifest, an index or a configuration. */
export const documentBytesMax = 4 * 1024 ** 2;

export interface Platform {
  os: string;
  architecture: string;
  variant?: string | undefined;
}

export interface Manifest {
  kind: 'manifest';
  mediaType: string;
  config: Descriptor;
  /** Bottom first. */
  layers: Descriptor[];
}

export interface ImageIndex {
  kind: 'index';
  mediaType: string;
  manifests: (Descriptor & {
    platform?: Platform | undefined;
    annotations: Record<string, string>;
  })[];
}

const indexTypes: string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];
const manifestTypes: string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];
const layerTypes: string[] = [
  mediaTypes.ociLayer,
  mediaTypes.ociLayerGzip,
  mediaTypes.ociLayerZstd,
  mediaTypes.dockerLayer,
  mediaTypes.dockerLayerGzip,
  // Their `urls` are ignored: the blob comes from the registry or not at all.
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
];

const descriptor = z.looseObject({
  mediaType: z.string().max(255),
  digest: z.string(),
  size: z.int().nonnegative(),
});

const schemas = {
  manifest: z.looseObject({
    schemaVersion: z.literal(2),
    mediaType: z.string().optional(),
    config: descriptor,
    layers: z.array(descriptor),
  }),
  index: z.looseObject({
    schemaVersion: z.literal(2),
    mediaType: z.string().optional(),
    manifests: z.array(
      descriptor.extend({
        platform: z
          .looseObject({ os: z.string(), architecture: z.string(), variant: z.string().optional() })
          .nullish(),
        annotations: z.record(z.string(), z.string()).nullish(),
      }),
    ),
  }),
};

/** Every media type that `parseManifest` takes, for an Accept header; the most wanted first. */
export const acceptedManifests: readonly string[] = [...indexTypes, ...manifestTypes];

/**
 * @param mediaType what it came under; undefined: what it says of itself
 * @throws InvalidError saying what is wrong with it
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string): Manifest | ImageIndex {
  if (bytes.length > documentBytesMax)
    throw new InvalidError(`invalid manifest: it is larger than ${documentBytesMax} bytes`);
  const document = parseJson(bytes);
  const type = settleType(document, mediaType);
  return indexTypes.includes(type) ? toIndex(document, type) : toManifest(document, type);
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    throw new InvalidError(`invalid manifest: ${(error as Error).message}`, { cause: error });
  }
  throw new InvalidError('invalid manifest: it is no JSON object');
}

/** Header, field and content must tell the same story: a document that is two things is an attack. */
function settleType(document: Record<string, unknown>, header: string | undefined): string {
  if (document.schemaVersion === 1)
    throw new InvalidError(
      'invalid manifest: schema 1 is obsolete and not supported; push the image again with a newer docker',
    );
  assertSpelling(document);
  const own = typeof document.mediaType === 'string' ? document.mediaType : undefined;
  if (header !== undefined && own !== undefined && header !== own)
    throw new InvalidError(`invalid manifest: it came as ${header} and says it is ${own}`);
  const isIndex = 'manifests' in document;
  if (isIndex === ('layers' in document || 'config' in document))
    throw new InvalidError('invalid manifest: it must be either an index or a manifest of layers');
  const type = header ?? own ?? (isIndex ? mediaTypes.ociIndex : mediaTypes.ociManifest);
  if (!(isIndex ? indexTypes : manifestTypes).includes(type))
    throw new InvalidError(
      `invalid manifest: unsupported media type ${JSON.stringify(type)} for ${isIndex ? 'an index' : 'a manifest of layers'}`,
    );
  return type;
}

const fields = ['schemaVersion', 'mediaType', 'config', 'layers', 'manifests'];

/** A reader in Go takes `Layers` for `layers`: what two readers understand differently is refused. */
function assertSpelling(document: Record<string, unknown>): void {
  for (const key of Object.keys(document)) {
    const meant = fields.find((field) => field.toLowerCase() === key.toLowerCase());
    if (meant !== undefined && meant !== key)
      throw new InvalidError(`invalid manifest: the field ${meant} is written ${key}`);
  }
}

function toManifest(document: object, mediaType: string): Manifest {
  const { config, layers } = checked(schemas.manifest, document);
  const foreign = layers.find((layer) => !layerTypes.includes(layer.mediaType));
  if (foreign)
    throw new InvalidError(
      `invalid manifest: a layer has the unsupported media type ${JSON.stringify(foreign.mediaType)}`,
    );
  if (config.size > documentBytesMax)
    throw new InvalidError(
      `invalid manifest: the image's configuration is larger than ${documentBytesMax} bytes`,
    );
  return {
    kind: 'manifest',
    mediaType,
    config: toDescriptor(config),
    layers: layers.map(toDescriptor),
  };
}

function toIndex(document: object, mediaType: string): ImageIndex {
  const { manifests } = checked(schemas.index, document);
  return {
    kind: 'index',
    mediaType,
    manifests: manifests.map(({ platform, annotations, ...each }) => ({
      ...toDescriptor(each),
      platform: platform ?? undefined,
      annotations: annotations ?? {},
    })),
  };
}

function checked<T>(schema: z.ZodType<T>, document: object): T {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InvalidError(`invalid manifest: ${issue?.path.join('.')}: ${issue?.message}`);
}

function toDescriptor({ mediaType, digest, size }: z.infer<typeof descriptor>): Descriptor {
  return { mediaType, digest: parseDigest(digest, 'digest in the manifest'), size };
}

/** The manifest that docker would push for these parts; the same parts give the same bytes. */
export function composeManifest(config: Descriptor, layers: readonly Descriptor[]): Buffer {
  const part = ({ mediaType, size, digest }: Descriptor) => ({ mediaType, size, digest });
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: part(config),
    layers: layers.map(part),
  };
  return Buffer.from(JSON.stringify(document, null, 3));
}
