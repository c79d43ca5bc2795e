/**
 * From a tag or a digest to what an image consists of. Nothing that a registry says is believed twice: what an index promises
 * of a manifest, and a manifest of a configuration, must be so.
 */
import { InvalidError } from '../../errors/errors.ts';
import { readConfig } from '../add.ts';
import { type Digest, mediaTypes } from '../descriptor.ts';
import { type Manifest, type Platform, parseManifest } from '../manifest.ts';
import type { OciConfig } from '../oci-config.ts';
import type { FetchedManifest, Repository } from '../registry/repository.ts';
import { choose } from './choose.ts';

export interface Resolved {
  manifest: Manifest;
  /** The manifest's bytes. */
  bytes: Buffer;
  digest: Digest;
  config: Buffer;
  oci: OciConfig;
  /** What was asked for, or what the index says it is; undefined: nobody said. */
  wanted: Platform | undefined;
}

/** Old tools wrote no type, or any. */
const configTypes: string[] = [
  mediaTypes.ociConfig,
  mediaTypes.dockerConfig,
  'application/octet-stream',
  'text/html',
  '',
];

/**
 * @param top what the tag or digest stands for, an index or a manifest
 * @param wanted undefined: this machine's platform
 * @throws NotFoundError when no image of an index fits, InvalidError for parts that do not agree
 */
export async function resolve(
  repository: Repository,
  top: FetchedManifest,
  wanted: Platform | undefined,
  signal: AbortSignal,
): Promise<Resolved> {
  const { bytes, digest, manifest, platform } = await manifestOf(repository, top, wanted, signal);
  assertImage(manifest);
  const config = await whole(repository.blob(manifest.config, signal));
  const oci = readConfig(config);
  if (oci.os !== 'linux')
    throw new InvalidError(
      `image operating system ${JSON.stringify(oci.os)} cannot be used on this platform`,
    );
  if (oci.diffIds.length !== manifest.layers.length)
    throw new InvalidError(
      `invalid image: its manifest has ${manifest.layers.length} layers, its configuration ${oci.diffIds.length}`,
    );
  return { manifest, bytes, digest, config, oci, wanted: platform ?? wanted };
}

async function manifestOf(
  repository: Repository,
  top: FetchedManifest,
  wanted: Platform | undefined,
  signal: AbortSignal,
): Promise<FetchedManifest & { manifest: Manifest; platform?: Platform | undefined }> {
  const document = parseManifest(top.bytes, top.mediaType);
  if (document.kind === 'manifest') return { ...top, manifest: document };
  const { digest, size, mediaType, platform } = choose(document, wanted);
  const fetched = await repository.manifest(digest, signal);
  if (fetched.mediaType !== mediaType || fetched.bytes.length !== size)
    throw new InvalidError(
      `invalid manifest ${digest}: it came as ${fetched.mediaType} of ${fetched.bytes.length} bytes, the index says ${mediaType} of ${size}`,
    );
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  if (manifest.kind === 'index')
    throw new InvalidError(`invalid index: ${digest} in it is an index too`);
  return { ...fetched, manifest, platform };
}

/** Charts, signatures and whatever else registries keep have manifests too. */
function assertImage({ config }: Manifest): void {
  if (!configTypes.includes(config.mediaType))
    throw new InvalidError(
      `Encountered remote ${JSON.stringify(config.mediaType)}(unknown) when fetching`,
    );
}

async function whole(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
