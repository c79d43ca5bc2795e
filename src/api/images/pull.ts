/** `POST /images/create?fromImage=&tag=&platform=`: a pull, told as it goes on. */
import type { Engine } from '../../container/engine.ts';
import { NotFoundError } from '../../errors/errors.ts';
import { isDigest } from '../../image/descriptor.ts';
import { parsePlatform } from '../../image/platform.ts';
import { pull, summary } from '../../image/pull/pull.ts';
import {
  familiarForm,
  familiarName,
  parseReference,
  type Reference,
  referenceWithTag,
} from '../../image/reference.ts';
import type { Repository } from '../../image/registry/repository.ts';
import type { Exchange } from '../exchange.ts';
import { withProgress } from '../progress-stream.ts';
import { registryAuth } from '../registry-auth.ts';

export async function pullImage(exchange: Exchange, fromImage: string): Promise<void> {
  const { engine, query, request, signal } = exchange;
  const reference = referenceOf(fromImage, query.text('tag') ?? '');
  const platformText = query.text('platform');
  const platform = platformText ? parsePlatform(platformText) : undefined;
  const repository = engine.registries.repository(reference, registryAuth(request));
  await withProgress(exchange, async (report) => {
    let isNewer = false;
    for (const one of await eachReference(repository, reference, signal)) {
      const request = { reference: one, platform, report, signal };
      const pulled = await pull(engine.images, engine.transfers, repository, request);
      isNewer ||= pulled.isNewer;
    }
    emitPull(engine, reference);
    report({ status: summary(reference, isNewer) });
  });
}

/** Without a tag anywhere the whole repository is meant. @throws InvalidError */
function referenceOf(image: string, tag: string): Reference {
  const named = image.replace(/:$/, '');
  const reference = parseReference(named);
  if (tag === '') return reference;
  const { domain, path } = reference;
  if (isDigest(tag)) return parseReference(`${domain}/${path}@${tag}`);
  return referenceWithTag(familiarName(reference), tag);
}

async function eachReference(
  repository: Repository,
  reference: Reference,
  signal: AbortSignal,
): Promise<Reference[]> {
  if (reference.tag || reference.digest) return [reference];
  const tags = await repository.tags(signal);
  if (tags.length === 0)
    throw new NotFoundError(`manifest for ${familiarForm(reference)} not found: it has no tags`);
  return tags.map((tag) => ({ ...reference, tag }));
}

function emitPull(engine: Engine, reference: Reference): void {
  const id = familiarForm(reference);
  const image = engine.images
    .list()
    .find(({ tags, digests }) => [...tags, ...digests].includes(id));
  engine.events.emit({
    type: 'image',
    action: 'pull',
    id,
    attributes: { ...image?.config.Labels, name: familiarName(reference) },
    timeNs: BigInt(Date.now()) * 1_000_000n,
  });
}
