/** `GET /images/json?all=&filters=&shared-size=` */
import type { Image } from '../../image/image.ts';
import { familiarForm, parseReference } from '../../image/reference.ts';
import type { Exchange } from '../exchange.ts';
import { Filters, fitsLabel } from '../filters.ts';
import { imageSummary } from '../views/image.ts';

export function list(exchange: Exchange): void {
  const { engine, query } = exchange;
  const filters = new Filters(query, ['reference', 'label', 'dangling', 'before', 'since']);
  const dangling = filters.flag('dangling');
  const before = filters.values('before').map((ref) => engine.images.find(ref));
  const since = filters.values('since').map((ref) => engine.images.find(ref));
  query.flag('all');
  const found = engine.images
    .list()
    .filter(
      (image) =>
        (dangling === undefined || dangling === (image.tags.length === 0)) &&
        filters.acceptsAll('label', (label) => fitsLabel(image.config.Labels ?? {}, label)) &&
        filters.accepts('reference', (pattern) => fitsReference(image, pattern)) &&
        before.every((other) => image.created < other.created) &&
        since.every((other) => image.created > other.created),
    );
  const patterns = filters.values('reference');
  exchange.json(found.map((image) => imageSummary(withFittingTags(image, patterns), -1)));
}

/** Who asks for a name is not told an image's other names. */
function withFittingTags(image: Image, patterns: readonly string[]): Image {
  if (patterns.length === 0) return image;
  const fits = (tag: string) =>
    patterns.some((pattern) => fitsReference({ ...image, tags: [tag] }, pattern));
  return { ...image, tags: image.tags.filter(fits) };
}

/** `busybox`, `busybox:latest`, or either with `*` for anything but a slash. */
function fitsReference({ tags }: Image, wanted: string): boolean {
  const source = wanted
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '[^/]*')
    .replace(/\?/g, '[^/]');
  const pattern = new RegExp(`^${source}$`);
  return tags.some((tag) => pattern.test(tag) || pattern.test(nameOf(tag)));
}

function nameOf(tag: string): string {
  const { domain, path } = parseReference(tag);
  return familiarForm({ domain, path });
}
