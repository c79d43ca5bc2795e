/** Which images a save is about, and by which of their names. */
import { InvalidError } from '../../errors/errors.ts';
import { isIdOf } from '../find.ts';
import type { StoredImage } from '../record.ts';
import { fullForm, isFullId, parseReference, type Reference } from '../reference.ts';
import type { ImageStore } from '../store.ts';

export interface Chosen {
  image: StoredImage;
  references: (Reference & { tag: string })[];
}

/**
 * As docker reads them: a name without a tag means every tag of the repository, an id the image without its names.
 * @returns each image once, in the order of the names
 * @throws NotFoundError, InvalidError
 */
export function chooseImages(store: ImageStore, names: readonly string[]): Chosen[] {
  if (names.length === 0) throw new InvalidError('names is needed: the images to save');
  const chosen = new Map<string, Chosen>();
  for (const name of names) {
    for (const { image, references } of meaning(store, name)) {
      const before = chosen.get(image.id)?.references ?? [];
      const known = before.map(fullForm);
      const more = references.filter((reference) => !known.includes(fullForm(reference)));
      chosen.set(image.id, { image, references: [...before, ...more] });
    }
  }
  return [...chosen.values()];
}

function meaning(store: ImageStore, name: string): Chosen[] {
  const whole = isFullId(name) ? [] : repositoryOf(store, parseReference(name));
  if (whole.length > 0) return whole;
  const image = store.stored(name);
  if (isIdOf(image, name)) return [{ image, references: [] }];
  const { domain, path, tag = 'latest', digest } = parseReference(name);
  return [{ image, references: digest ? [] : [{ domain, path, tag }] }];
}

/** All tags of a repository, if only that is named. */
function repositoryOf(store: ImageStore, wanted: Reference): Chosen[] {
  if (wanted.tag || wanted.digest) return [];
  return store.list().flatMap(({ id, tags }) => {
    const references = tags
      .map((tag) => parseReference(tag) as Reference & { tag: string })
      .filter(({ domain, path }) => domain === wanted.domain && path === wanted.path);
    return references.length > 0 ? [{ image: store.stored(id), references }] : [];
  });
}
