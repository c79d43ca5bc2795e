/** The tags of a repository, page by page. distribution-spec "Listing tags", RFC 8288 (Link) */
import { InvalidError } from '../../errors/errors.ts';
import type { Reference } from '../reference.ts';
import type { BlobSource } from './blobs.ts';
import { requestName } from './failures.ts';
import { pullRefusal } from './manifests.ts';
import { headersOf } from './small-answer.ts';
import type { Answer } from './transport.ts';

const pageBytesMax = 4 * 1024 * 1024;
const pagesMax = 1000;
const pageSize = 1000;

/** @throws see Repository.tags; InvalidError for what are no tags, and for pages without end */
export async function fetchTags(
  { session, path, scope }: BlobSource,
  reference: Reference,
  signal: AbortSignal,
): Promise<string[]> {
  const tags = new Set<string>();
  let next: URL | undefined = new URL(
    `/v2/${path}/tags/list?n=${pageSize}`,
    session.endpoint.origin,
  );
  for (let page = 0; next && page < pagesMax; page++) {
    const at: URL = next;
    const { answer, bytes } = await session.read(
      {
        method: 'GET',
        at,
        scopes: [scope],
        accepts: [200],
        refused: (refusal) => pullRefusal(reference, refusal),
      },
      pageBytesMax,
      signal,
    );
    const before = tags.size;
    for (const tag of tagsOf(answer, bytes)) tags.add(tag);
    next = nextOf(answer);
    if (next && tags.size === before)
      throw new InvalidError(`${requestName('GET', at)}: a page without new tags names a next one`);
  }
  return [...tags];
}

function tagsOf({ url }: Answer, body: Buffer): string[] {
  let tags: unknown;
  try {
    tags = (JSON.parse(body.toString()) as { tags?: unknown } | null)?.tags ?? [];
  } catch {
    tags = undefined;
  }
  const isTag = (tag: unknown) => typeof tag === 'string' && /^[\w][\w.-]{0,127}$/.test(tag);
  if (Array.isArray(tags) && tags.every(isTag)) return tags;
  throw new InvalidError(`${requestName('GET', url)}: the answer is no list of tags`);
}

/** `Link: </v2/a/tags/list?last=x>; rel="next"`, on the same host. */
function nextOf(answer: Answer): URL | undefined {
  for (const header of headersOf(answer, 'link')) {
    const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(header)?.[1];
    if (target === undefined || !URL.canParse(target, answer.url.href)) continue;
    const url = new URL(target, answer.url);
    if (url.origin === answer.url.origin) return url;
  }
  return undefined;
}
