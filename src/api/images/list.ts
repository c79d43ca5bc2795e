/** `GET /images/json?all=&filters=&shared-size=` */
import { InvalidError } from '../../errors/errors.ts';
import type { Image } from '../../image/image.ts';
import { familiarForm, parseReference } from '../../image/reference.ts';
import { sharedSize } from '../../image/shared-size.ts';
import { parseMoment } from '../client/moment.ts';
import type { Exchange } from '../exchange.ts';
import { Filters, fitsLabel } from '../filters.ts';
import { imageSummary } from '../views/image.ts';

const known = ['reference', 'label', 'dangling', 'before', 'since', 'until'];

export function list(exchange: Exchange): void {
  const { engine, query } = exchange;
  const filters = new Filters(query, known);
  const all = engine.images.list();
  const found = all.filter(fitting(filters, (ref) => engine.images.find(ref)));
  const patterns = filters.values('reference');
  query.flag('all');
  const hasSizes = query.flag('shared-size');
  exchange.json(
    found.map((image) => {
      const shared = hasSizes ? sharedSize(engine.images, image, all) : -1;
      return imageSummary(withFittingNames(image, patterns), -1, shared);
    }),
  );
}

/** @throws NotFoundError for an image to compare with that is not there, InvalidError for a moment that is none */
function fitting(filters: Filters, find: (ref: string) => Image): (image: Image) => boolean {
  const dangling = filters.flag('dangling');
  const created = (ref: string) => Date.parse(find(ref).created);
  const before = [
    ...filters.values('before').map(created),
    ...filters.values('until').map(momentMs),
  ];
  const since = filters.values('since').map(created);
  return (image) => {
    const createdMs = Date.parse(image.created);
    return (
      (dangling === undefined || dangling === (image.tags.length === 0)) &&
      filters.acceptsAll('label', (label) => fitsLabel(image.config.Labels ?? {}, label)) &&
      filters.accepts('reference', (pattern) => fitsReference(image, pattern)) &&
      before.every((otherMs) => createdMs < otherMs) &&
      since.every((otherMs) => createdMs > otherMs)
    );
  };
}

function momentMs(until: string): number {
  const ms = Number(parseMoment(until)) * 1000;
  if (Number.isNaN(ms)) throw new InvalidError(`invalid filter 'until=${until}'`);
  return ms;
}

/** Who asks for a name is not told an image's other names. */
function withFittingNames(image: Image, patterns: readonly string[]): Image {
  if (patterns.length === 0) return image;
  const fits = (name: string) =>
    patterns.some((pattern) => fitsReference({ ...image, tags: [name], digests: [] }, pattern));
  return { ...image, tags: image.tags.filter(fits), digests: image.digests.filter(fits) };
}

/** `busybox`, `busybox:latest`, or either with `*` for anything but a slash. */
function fitsReference({ tags, digests }: Image, wanted: string): boolean {
  const source = wanted
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '[^/]*')
    .replace(/\?/g, '[^/]');
  const pattern = new RegExp(`^${source}$`);
  return [...tags, ...digests].some((name) => pattern.test(name) || pattern.test(nameOf(name)));
}

function nameOf(tag: string): string {
  const { domain, path } = parseReference(tag);
  return familiarForm({ domain, path });
}
