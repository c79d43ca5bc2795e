/**
 * An image on disk: `images/HEXID/config.json`, the configuration's bytes, whose sha256 is the id, and
 * `image.json`, this record: what is ours about it, above all its tags.
 *
 * Each tag carries the generation in which it was set. To move a tag, the new image's record is written
 * first and the old one's after; a crash in between leaves the tag in both, and the higher generation is
 * right.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readRecord } from '../store/record.ts';
import { type Digest, isDigest } from './descriptor.ts';
import { type OciConfig, parseOciConfig } from './oci-config.ts';

const recordSchema = z.object({
  schema: z.literal(1),
  /** Generation by full reference (`docker.io/library/busybox:latest`). */
  tags: z.record(z.string(), z.int().nonnegative()),
  /** Full `name@sha256:…` references. */
  digests: z.array(z.string()),
  /** Of the manifest it came with, in the content store; an image that was made here has none. */
  manifest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)).optional(),
});

export type ImageRecord = z.infer<typeof recordSchema>;

/** An image in memory. */
export interface StoredImage {
  /** `sha256:…` */
  id: string;
  record: ImageRecord;
  oci: OciConfig;
  /** Its manifest and the blobs that names; empty when it has none. */
  blobs: Digest[];
}

export function hexOf(id: string): string {
  return id.slice('sha256:'.length);
}

export function idOf(configBytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(configBytes).digest('hex')}`;
}

/**
 * Reads and checks one image's folder.
 * @throws when a file is missing or malformed, or the configuration is not the one its id names
 */
export async function readImage(dir: string, hex: string): Promise<StoredImage> {
  const bytes = await readFile(join(dir, 'config.json'));
  const id = idOf(bytes);
  if (hexOf(id) !== hex) throw new Error(`config.json has the digest ${id}: it was changed`);
  const record = await readRecord(join(dir, 'image.json'), recordSchema);
  return { id, record, oci: parseOciConfig(bytes), blobs: [] };
}
