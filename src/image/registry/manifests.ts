/**
 * Manifests and indexes: asked for, and believed only when the bytes, the headers and the document say the same.
 * distribution-spec "Pulling manifests", image-spec manifest.md; CVE-2021-41190 is what comes of not comparing.
 */
import { type EngineError, InvalidError, NotFoundError } from '../../errors/errors.ts';
import { type Digest, digestOf, isDigest, parseDigest } from '../descriptor.ts';
import { acceptedManifests, documentBytesMax, parseManifest } from '../manifest.ts';
import { familiarForm, familiarName, type Reference } from '../reference.ts';
import type { Refusal } from './refusals.ts';
import type { FetchedManifest } from './repository.ts';
import type { Session } from './session.ts';
import { discard, headerOf } from './small-answer.ts';
import type { Answer } from './transport.ts';

/** @param reference of the repository, with a tag or a digest. @throws see Repository.manifest */
export async function fetchManifest(
  session: Session,
  reference: Reference,
  scope: string,
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const { path, tag, digest } = reference;
  if (digest !== undefined) parseDigest(digest);
  const { answer, bytes } = await session.read(
    {
      method: 'GET',
      at: `/v2/${path}/manifests/${digest ?? tag}`,
      headers: { accept: acceptedManifests.join(', ') },
      scopes: [scope],
      accepts: [200],
      refused: (refusal) => pullRefusal(reference, refusal),
    },
    documentBytesMax,
    signal,
  );
  return verified(answer, bytes, reference);
}

/** One attempt. @throws InvalidError when the answer has no digest, else as `fetchManifest` */
export async function askDigest(
  session: Session,
  { path, tag }: Reference,
  scope: string,
  signal: AbortSignal,
): Promise<Digest> {
  const at = `/v2/${path}/manifests/${tag}`;
  const headers = { accept: acceptedManifests.join(', ') };
  const call = { method: 'HEAD', at, headers, scopes: [scope], accepts: [200] } as const;
  const answer = await session.once(call, signal);
  await discard(answer);
  return parseDigest(headerOf(answer, 'docker-content-digest'), 'Docker-Content-Digest');
}

/** What dockerd says when a pull is refused, by the registry's code. */
export function pullRefusal(reference: Reference, refusal: Refusal): EngineError | undefined {
  const { code, text, status } = refusal;
  const name = familiarName(reference);
  if (code === 'DENIED')
    return new NotFoundError(
      `pull access denied for ${name}, repository does not exist or may require 'docker login': ${text}`,
    );
  if (code === 'NAME_UNKNOWN') return new NotFoundError(`repository ${name} not found: ${text}`);
  if (code === 'MANIFEST_UNKNOWN' || status === 404)
    return new NotFoundError(
      `manifest for ${familiarForm(reference)} not found: ${code ? text : 'manifest unknown'}`,
    );
  return undefined;
}

/** @throws InvalidError naming what does not agree */
function verified(answer: Answer, bytes: Buffer, reference: Reference): FetchedManifest {
  const name = familiarForm(reference);
  const digest = digestOf(bytes);
  const said = headerOf(answer, 'docker-content-digest');
  for (const expected of [reference.digest, digestSaid(said)])
    if (expected !== undefined && expected !== digest)
      throw new InvalidError(
        `manifest verification failed for digest ${expected}: the registry sent ${digest} for ${name}`,
      );
  const header = headerOf(answer, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  const { mediaType } = parseManifest(bytes, header);
  return { mediaType, digest, bytes };
}

/** Another algorithm's digest is not ours to check. @throws InvalidError for what is no digest */
function digestSaid(header: string | undefined): Digest | undefined {
  if (header === undefined) return undefined;
  return isDigest(header) ||
    header.startsWith('sha256:') ||
    !/^[a-z0-9+._-]+:[a-f0-9]{32,}$/.test(header)
    ? parseDigest(header, 'Docker-Content-Digest of the registry')
    : undefined;
}

/** @returns the digest the registry confirms. @throws see Repository.putManifest */
export async function putManifest(
  session: Session,
  path: string,
  reference: string,
  manifest: { mediaType: string; bytes: Uint8Array },
  scope: string,
  signal: AbortSignal,
): Promise<Digest> {
  const { answer } = await session.read(
    {
      method: 'PUT',
      at: `/v2/${path}/manifests/${reference}`,
      headers: { 'content-type': manifest.mediaType },
      body: () => manifest.bytes,
      scopes: [scope],
      accepts: [200, 201, 202],
    },
    documentBytesMax,
    signal,
  );
  const digest = digestOf(manifest.bytes);
  const said = digestSaid(headerOf(answer, 'docker-content-digest')) ?? digest;
  if (said === digest) return digest;
  throw new InvalidError(
    `the registry stored ${path} as ${said}, but ${digest} was sent: it has changed the manifest`,
  );
}
