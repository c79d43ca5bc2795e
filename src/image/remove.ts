/**
 * `DELETE /images/NAME`: takes a reference away, and the image with its last one.
 *
 * As docker does, with one difference: an image that any container uses is never deleted, with `force` it
 * only loses its references, because the container's root filesystem stands on its layers.
 */
import { createHash } from 'node:crypto';
import { ConflictError } from '../errors/errors.ts';
import { isIdOf } from './find.ts';
import { hexOf, type StoredImage } from './record.ts';
import { familiarForm, fullForm, parseReference, withDefaultTag } from './reference.ts';
import type { ImageStore } from './store.ts';

export interface Removed {
  Untagged?: string;
  Deleted?: string;
}

/** Id of a container that uses the image; with `running`, docker's exact words can be said. */
export type InUse = string | { container: string; running: boolean } | undefined;

export async function removeImage(
  store: ImageStore,
  ref: string,
  force: boolean,
  inUse: (imageId: string) => InUse,
): Promise<Removed[]> {
  const image = store.stored(ref);
  const user = inUse(image.id);
  const references = referencesOf(image);
  const untagged = isIdOf(image, ref)
    ? untagById(image, references, force, user)
    : untagByName(image, ref, references, force, user);
  const removed = untagged.map((one) => ({ Untagged: familiarForm(parseReference(one)) }));
  if (untagged.length > 0) await store.unname(image, untagged);
  // Asked again: a container may have been made of it while the references went.
  const isLast = referencesOf(image).length === 0;
  if (!isLast || inUse(image.id) !== undefined || store.isHeld(image.id)) return removed;
  const layersBefore = store.layers.all();
  await store.delete(image);
  const gone = layersBefore.filter((diffId) => !store.layers.get(diffId));
  return [...removed, { Deleted: image.id }, ...chainIds(image, gone)];
}

/** Tags first. */
function referencesOf({ record }: StoredImage): string[] {
  return [...Object.keys(record.tags), ...record.digests];
}

/** With a repository's last tag go its digests. */
function untagByName(
  image: StoredImage,
  ref: string,
  references: string[],
  force: boolean,
  user: InUse,
): string[] {
  if (!force && isSingle(references) && user !== undefined)
    throw new ConflictError(
      `conflict: unable to remove repository reference "${ref}" (must force) - container ${shortId(user)} is using its referenced image ${hexOf(image.id).slice(0, 12)}`,
    );
  const { domain, path, tag, digest } = withDefaultTag(parseReference(ref));
  if (digest) return [fullForm({ domain, path, digest })];
  const name = `${domain}/${path}`;
  const meant = fullForm({ domain, path, ...(tag && { tag }) });
  const others = references.filter((one) => one !== meant && nameOf(one) === name);
  return others.some((one) => !isDigested(one)) ? [meant] : [meant, ...others];
}

/** By id all references go, if they are of one repository or with `force`. */
function untagById(
  image: StoredImage,
  references: string[],
  force: boolean,
  user: InUse,
): string[] {
  if (user !== undefined && isRunning(user))
    throw conflict(
      image,
      'cannot be forced',
      `image is being used by running container ${shortId(user)}`,
    );
  if (!force && !isSingle(references))
    throw conflict(image, 'must be forced', 'image is referenced in multiple repositories');
  if (!force && user !== undefined)
    throw conflict(
      image,
      'must be forced',
      `image is being used by stopped container ${shortId(user)}`,
    );
  return references;
}

/** At most one tag, and no digests but of its repository. */
function isSingle(references: string[]): boolean {
  const tags = references.filter((one) => !isDigested(one));
  return tags.length <= 1 && new Set(references.map(nameOf)).size <= 1;
}

function isDigested(reference: string): boolean {
  return reference.includes('@');
}

/** Domain and path. */
function nameOf(reference: string): string {
  const { domain, path } = parseReference(reference);
  return `${domain}/${path}`;
}

function conflict(image: StoredImage, force: string, reason: string): ConflictError {
  const id = hexOf(image.id).slice(0, 12);
  return new ConflictError(`conflict: unable to delete ${id} (${force}) - ${reason}`);
}

function isRunning(user: InUse): boolean {
  return typeof user === 'object' && user.running;
}

function shortId(user: InUse): string {
  const id = typeof user === 'object' ? user.container : (user ?? '');
  return id.slice(0, 12);
}

/** docker names layers by the digest of the chain up to them; topmost first. */
function chainIds(image: StoredImage, gone: string[]): Removed[] {
  let chain = '';
  return image.oci.diffIds
    .map((diffId) => {
      chain = chain ? sha256(`${chain} ${diffId}`) : diffId;
      return { diffId, chain };
    })
    .filter(({ diffId }) => gone.includes(diffId))
    .map((layer) => ({ Deleted: layer.chain }))
    .reverse();
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
