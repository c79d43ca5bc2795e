/** Finding an image by what a user says: an id, a reference, the beginning of an id. */
import { InvalidError, NotFoundError } from '../errors/errors.ts';
import type { StoredImage } from './record.ts';
import { hexOf } from './record.ts';
import {
  familiarForm,
  fullForm,
  isFullId,
  parseReference,
  type Reference,
  withDefaultTag,
} from './reference.ts';

/**
 * @param tags image id by full reference
 * @throws NotFoundError in docker's words, InvalidError for what is no reference or fits several images
 */
export function find(
  ref: string,
  images: ReadonlyMap<string, StoredImage>,
  tags: ReadonlyMap<string, string>,
): StoredImage {
  if (isFullId(ref)) return byFullId(ref, images);
  const reference = withDefaultTag(parseReference(ref));
  const tagged = images.get(tags.get(fullForm(reference)) ?? '');
  const found = tagged ?? byDigest(reference, images) ?? byPrefix(ref, images);
  if (found) return found;
  throw new NotFoundError(`No such image: ${familiarForm(reference)}`);
}

/** True if `ref` names the image by its id or the beginning of it, not by a reference. */
export function isIdOf(image: StoredImage, ref: string): boolean {
  return hexOf(image.id).startsWith(ref.replace(/^sha256:/, ''));
}

function byFullId(ref: string, images: ReadonlyMap<string, StoredImage>): StoredImage {
  const id = `sha256:${ref.replace(/^sha256:/, '')}`;
  const image = images.get(id);
  if (image) return image;
  throw new NotFoundError(`No such image: ${id}`);
}

/** A tag beside the digest says nothing: the digest is what is meant. */
function byDigest(
  { domain, path, digest }: Reference,
  images: ReadonlyMap<string, StoredImage>,
): StoredImage | undefined {
  if (!digest) return undefined;
  const full = fullForm({ domain, path, digest });
  return [...images.values()].find((image) => image.record.digests.includes(full));
}

function byPrefix(ref: string, images: ReadonlyMap<string, StoredImage>): StoredImage | undefined {
  const prefix = ref.replace(/^sha256:/, '');
  if (!/^[a-f0-9]+$/.test(prefix)) return undefined;
  const matches = [...images.values()].filter((image) => hexOf(image.id).startsWith(prefix));
  if (matches.length < 2) return matches[0];
  const ids = matches.map((match) => hexOf(match.id).slice(0, 12)).join(', ');
  throw new InvalidError(`multiple images found with the id prefix ${ref}: ${ids}`);
}
