/**
 * Digests, descriptors and media types: how an image's parts name one another.
 * OCI image-spec, descriptor.md and media-types.md; docker's schema 2 beside them.
 */
import { createHash } from 'node:crypto';
import { InvalidError } from '../errors/errors.ts';

/** Checked by `parseDigest`; nothing else may become part of a path. */
export type Digest = `sha256:${string}`;

export interface Descriptor {
  mediaType: string;
  digest: Digest;
  /** Bytes. */
  size: number;
}

export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** The three forms a layer's archive comes in; docker's own types know no zstd. */
export type Compression = 'none' | 'gzip' | 'zstd';

export function compressionOf({ mediaType }: Descriptor): Compression {
  if (/[.+]gzip$/.test(mediaType)) return 'gzip';
  return mediaType.endsWith('+zstd') ? 'zstd' : 'none';
}

/**
 * @param what names the digest in the error
 * @throws InvalidError for everything but `sha256:` and 64 lower-case hex digits
 */
export function parseDigest(text: unknown, what = 'digest'): Digest {
  if (typeof text === 'string' && /^sha256:[a-f0-9]{64}$/.test(text)) return text as Digest;
  throw new InvalidError(
    `invalid ${what} ${JSON.stringify(text)?.slice(0, 200)}: want sha256: and 64 hex digits`,
  );
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[a-f0-9]{64}$/.test(text);
}

/** The digest of bytes that are in memory. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
