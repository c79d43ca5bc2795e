/** What a registry has under a reference, without fetching it: `GET /distribution/{name}/json`. */
import { InvalidError } from '../../errors/errors.ts';
import type { Descriptor } from '../descriptor.ts';
import { parseManifest } from '../manifest.ts';
import type { Reference } from '../reference.ts';
import type { Repository } from './repository.ts';

/** image-spec, config.md and image-index.md: `os`, `architecture`, and what narrows them. */
export type RemotePlatform = Record<string, unknown>;

export interface RemoteImage {
  descriptor: Descriptor;
  platforms: RemotePlatform[];
}

/**
 * @param reference with a tag or a digest
 * @throws see Repository.manifest; InvalidError for a configuration that is no JSON object
 */
export async function inspectRemote(
  repository: Repository,
  { tag, digest }: Reference,
  signal: AbortSignal,
): Promise<RemoteImage> {
  const fetched = await repository.manifest(digest ?? tag ?? 'latest', signal);
  const { mediaType, bytes } = fetched;
  const manifest = parseManifest(bytes, mediaType);
  const platforms =
    manifest.kind === 'index'
      ? manifest.manifests.flatMap(({ platform }) => (platform ? [{ ...platform }] : []))
      : [await platformOf(repository, manifest.config, signal)];
  return { descriptor: { mediaType, digest: fetched.digest, size: bytes.length }, platforms };
}

async function platformOf(
  repository: Repository,
  config: Descriptor,
  signal: AbortSignal,
): Promise<RemotePlatform> {
  const chunks: Buffer[] = [];
  for await (const chunk of repository.blob(config, signal)) chunks.push(chunk);
  const fields = parse(Buffer.concat(chunks), config);
  const names = ['architecture', 'os', 'os.version', 'os.features', 'variant'];
  return Object.fromEntries(
    names.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])),
  );
}

function parse(bytes: Buffer, { digest }: Descriptor): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // told below
  }
  throw new InvalidError(`the image's configuration ${digest} is no JSON object`);
}
