/** `POST /images/{name}/push?tag=` */
import type { Engine } from '../../container/engine.ts';
import { emitImage } from '../../container/events.ts';
import { InvalidError, NotFoundError } from '../../errors/errors.ts';
import type { Report } from '../../image/progress.ts';
import { pushImage } from '../../image/push/push.ts';
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

type Tagged = Reference & { tag: string };

export async function push(exchange: Exchange): Promise<void> {
  const { engine, query, request, signal } = exchange;
  const name = parseReference(exchange.param('name'));
  if (name.digest) throw new InvalidError('cannot push a digest reference');
  const known = tagsOf(engine, name);
  const tag = query.text('tag') || name.tag;
  const wanted = tag ? [referenceWithTag(familiarName(name), tag)] : known;
  if (known.length === 0)
    throw new NotFoundError(`An image does not exist locally with the tag: ${familiarName(name)}`);
  const repository = engine.registries.repository(name, registryAuth(request));
  await withProgress(exchange, async (report) => {
    report({ status: `The push refers to repository [${repository.name}]` });
    for (const reference of wanted) {
      if (!known.some((one) => one.tag === reference.tag))
        throw new NotFoundError(`tag does not exist: ${familiarForm(reference)}`);
      await pushTag(engine, repository, reference, report, signal);
    }
  });
}

/** The repository's tags, sorted. */
function tagsOf({ images }: Engine, { domain, path }: Reference): Tagged[] {
  return images
    .list()
    .flatMap(({ tags }) => tags.map((tag) => parseReference(tag) as Tagged))
    .filter((one) => one.domain === domain && one.path === path)
    .sort((a, b) => (a.tag < b.tag ? -1 : 1));
}

async function pushTag(
  engine: Engine,
  repository: Repository,
  reference: Tagged,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { images } = engine;
  const { tag } = reference;
  const image = images.stored(familiarForm(reference));
  const release = images.hold(image.id);
  try {
    const { digest, size } = await pushImage(images, repository, image, tag, report, signal);
    report({ status: `${tag}: digest: ${digest} size: ${size}` });
    report({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } });
  } finally {
    release();
  }
  emitImage(engine, 'push', familiarForm(reference), familiarName(reference));
}
