/**
 * The documents by which an archive of images says what is in it, for both kinds of reader: docker's `manifest.json` and
 * `repositories`, and the OCI layout's `index.json` and `oci-layout`. Names in either lead to `blobs/sha256/HEX`.
 *
 * OCI image-spec, image-layout.md; moby image/spec, "Combined Image JSON + Filesystem Changeset Format"
 */
import type { Descriptor, Digest } from '../descriptor.ts';
import { mediaTypes } from '../descriptor.ts';
import { familiarForm, familiarName, fullForm, type Reference } from '../reference.ts';

/** One image of the archive. */
export interface SavedImage {
  id: Digest;
  /** Bottom first. */
  layers: readonly Descriptor[];
  manifest: Descriptor;
  /** Those it was asked for by; none: by its id. */
  references: readonly (Reference & { tag: string })[];
  platform: { architecture: string; os: string };
}

export function blobName(digest: Digest): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`;
}

/** The documents by the names they have in the archive, in docker's order. */
export function documentsOf(images: readonly SavedImage[]): [name: string, text: string][] {
  const repositories = repositoriesOf(images);
  return [
    ['index.json', JSON.stringify(indexOf(images))],
    ['manifest.json', JSON.stringify(images.map(manifestEntry))],
    ['oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })],
    ...(Object.keys(repositories).length > 0
      ? [['repositories', JSON.stringify(repositories)] as [string, string]]
      : []),
  ];
}

function indexOf(images: readonly SavedImage[]): object {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: images.flatMap(({ manifest: { mediaType, digest, size }, references, platform }) => {
      const descriptor = { mediaType, digest, size };
      if (references.length === 0) return [{ ...descriptor, platform }];
      return references.map((reference) => ({
        ...descriptor,
        annotations: {
          'io.containerd.image.name': fullForm(reference),
          'org.opencontainers.image.ref.name': reference.tag,
        },
        platform,
      }));
    }),
  };
}

function manifestEntry({ id, layers, references }: SavedImage): object {
  return {
    Config: blobName(id),
    RepoTags: references.length > 0 ? references.map(familiarForm) : null,
    Layers: layers.map(({ digest }) => blobName(digest)),
  };
}

/** For readers older than `manifest.json`; they take the last layer for the image. */
function repositoriesOf(images: readonly SavedImage[]): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { id, layers, references } of images)
    for (const reference of references) {
      const name = familiarName(reference);
      const top = layers.at(-1)?.digest ?? id;
      repositories[name] = { ...repositories[name], [reference.tag]: top.slice('sha256:'.length) };
    }
  return repositories;
}
