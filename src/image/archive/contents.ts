/**
 * Which images an archive has: by docker's `manifest.json`, or by an OCI layout's `index.json`. With both, docker's says what
 * there is, as it does for docker, and the other what manifest each came with.
 */
import { z } from 'zod';
import { InvalidError } from '../../errors/errors.ts';
import type { StagedBlob } from '../blob-writer.ts';
import { compressionOf, type Digest, digestOf } from '../descriptor.ts';
import { type ImageIndex, type Manifest, parseManifest } from '../manifest.ts';
import { fullForm, parseReference, referenceWithTag } from '../reference.ts';
import { blobName } from './documents.ts';
import type { Members } from './members.ts';

export interface ArchivedImage {
  config: Buffer;
  /** Bottom first. */
  layers: StagedBlob[];
  /** The bytes, when it came with one that names exactly these parts. */
  manifest: Buffer | undefined;
  /** Full references. */
  tags: string[];
}

/** An index in an index in an index. */
const depthMax = 3;

/** @throws InvalidError for what is no archive of images, or lacks parts of them */
export async function imagesIn(members: Members): Promise<ArchivedImage[]> {
  if (members.has('manifest.json')) return dockerImages(members);
  if (members.has('index.json')) return ociImages(members);
  if (members.has('repositories'))
    throw new InvalidError(
      'invalid archive: it has no manifest.json, so it was saved by docker before 1.10: load and save it there first',
    );
  throw new InvalidError(
    'invalid archive: it has neither manifest.json nor index.json, so it is none of images; a root filesystem is brought by import',
  );
}

const dockerSchema = z.array(
  z.looseObject({
    Config: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    Layers: z.array(z.string()).nullish(),
  }),
);

async function dockerImages(members: Members): Promise<ArchivedImage[]> {
  const entries = parsed(dockerSchema, await members.document('manifest.json'), 'manifest.json');
  const manifests = members.has('index.json') ? await manifestsIn(members) : [];
  const images: ArchivedImage[] = [];
  for (const { Config, RepoTags, Layers } of entries) {
    const config = await members.document(Config);
    const layers = (Layers ?? []).map((name) => members.file(name));
    const tags = (RepoTags ?? []).map((tag) => fullForm(referenceWithTag(tag)));
    const own = manifests.find(({ manifest }) => isOf(manifest, config, layers));
    images.push({ config, layers, tags, manifest: own?.bytes });
  }
  return images;
}

/**
 * The manifest is the image's own only if its layers are compressed, as registries have them: else `save` has made it up, and
 * would again.
 */
function isOf(manifest: Manifest, config: Buffer, layers: readonly StagedBlob[]): boolean {
  if (manifest.layers.some((layer) => compressionOf(layer) === 'none')) return false;
  const named = manifest.layers.map(({ digest }) => digest).join();
  const given = layers.map(({ digest }) => digest).join();
  return manifest.config.digest === digestOf(config) && named === given;
}

async function ociImages(members: Members): Promise<ArchivedImage[]> {
  const images = new Map<Digest, ArchivedImage>();
  for (const { manifest, bytes, tag } of await manifestsIn(members)) {
    const config = await members.document(blobName(manifest.config.digest));
    const layers = manifest.layers.map(({ digest }) => members.blob(digest));
    const tags = [...(images.get(digestOf(bytes))?.tags ?? []), ...(tag ? [tag] : [])];
    images.set(digestOf(bytes), { config, layers, tags, manifest: bytes });
  }
  if (images.size === 0)
    throw new InvalidError(`invalid archive: its index names no image for linux/${architecture}`);
  return [...images.values()];
}

interface FoundManifest {
  manifest: Manifest;
  bytes: Buffer;
  tag: string | undefined;
}

async function manifestsIn(members: Members): Promise<FoundManifest[]> {
  const index = parseManifest(await members.document('index.json'));
  if (index.kind !== 'index')
    throw new InvalidError('invalid archive: its index.json is not an index');
  return manifestsOf(members, index, undefined, 0);
}

async function manifestsOf(
  members: Members,
  index: ImageIndex,
  tagAbove: string | undefined,
  depth: number,
): Promise<FoundManifest[]> {
  if (depth >= depthMax)
    throw new InvalidError(`invalid archive: its indexes lie ${depthMax} deep in one another`);
  const found: FoundManifest[] = [];
  for (const { digest, mediaType, platform, annotations } of index.manifests) {
    const tag = tagIn(annotations) ?? tagAbove;
    // An archive may leave out the platforms it was not made for.
    if (!isOurs(platform) || (depth > 0 && !members.has(blobName(digest)))) continue;
    const bytes = await members.document(blobName(digest));
    const manifest = parseManifest(bytes, mediaType);
    if (manifest.kind === 'manifest') found.push({ manifest, bytes, tag });
    else found.push(...(await manifestsOf(members, manifest, tag, depth + 1)));
  }
  return found;
}

/** Node's names to Go's, which images use. */
const architectures: Record<string, string> = { x64: 'amd64', ia32: '386', arm64: 'arm64' };
const architecture = architectures[process.arch] ?? process.arch;

/** What tells no platform is an image as any other; `unknown` are attestations. */
function isOurs(platform: { os: string; architecture: string } | undefined): boolean {
  return (
    platform === undefined || (platform.os === 'linux' && platform.architecture === architecture)
  );
}

/** containerd's and docker's whole name, else the layout's own, which may be a tag alone: then nobody says of what. */
function tagIn(annotations: Record<string, string>): string | undefined {
  const whole = annotations['io.containerd.image.name'];
  const own = annotations['org.opencontainers.image.ref.name'];
  const name = whole ?? (own && /[:/]/.test(own) ? own : undefined);
  if (name === undefined) return undefined;
  const { digest, ...reference } = parseReference(name);
  return digest && !reference.tag ? undefined : fullForm({ tag: 'latest', ...reference });
}

function parsed<T>(schema: z.ZodType<T>, bytes: Buffer, name: string): T {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw new InvalidError(`invalid archive: ${name}: ${issue?.path.join('.')}: ${issue?.message}`);
  } catch (error) {
    if (error instanceof InvalidError) throw error;
    const reason = (error as Error).message;
    throw new InvalidError(`invalid archive: ${name}: ${reason}`, { cause: error });
  }
}
