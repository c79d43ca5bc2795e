/** An image as `images` and its templates see it: docker's `formatter.ImageContext`. */
import type { ImageSummary } from '../../api/client/types.ts';
import { splitReference } from '../reference.ts';
import { humanDuration, humanSize } from '../units.ts';
import type { Context } from './list.ts';
import { formatTime, shortId } from './text.ts';

export const imageHeadings: Readonly<Record<string, string>> = {
  ID: 'IMAGE ID',
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
  Containers: 'CONTAINERS',
  VirtualSize: 'SIZE',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
};

const none = '<none>';

/** One context for each name an image has; an image without a name has one too. */
export function imageContexts(
  image: ImageSummary,
  options: { isWhole: boolean; hasDigests: boolean },
  nowMs = Date.now(),
): Context[] {
  const tags = (image.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>');
  const digests = (image.RepoDigests ?? []).filter((digest) => digest !== '<none>@<none>');
  const names = tags.map((tag) => {
    const { repository, tag: name } = splitReference(tag);
    const digest = digests.find((d) => d.startsWith(`${repository}@`))?.split('@')[1];
    return { repository, tag: name, digest: digest ?? none };
  });
  const tagged = new Set(names.map((name) => name.repository));
  const untagged = digests
    .map(splitReference)
    .filter(({ repository }) => !tagged.has(repository))
    .map(({ repository, tag }) => ({ repository, tag: none, digest: tag }));
  // names by digest alone are listed when nothing else names the image, or digests are asked for
  const shown = names.length > 0 && !options.hasDigests ? names : [...names, ...untagged];
  const all = shown.length > 0 ? shown : [{ repository: none, tag: none, digest: none }];
  return all.map((name) => imageContext(image, name, options.isWhole, nowMs));
}

function imageContext(
  image: ImageSummary,
  name: { repository: string; tag: string; digest: string },
  isWhole: boolean,
  nowMs: number,
): Context {
  return {
    Containers: known(image.Containers, String),
    CreatedAt: formatTime(image.Created),
    CreatedSince: `${humanDuration(nowMs / 1000 - image.Created)} ago`,
    Digest: name.digest,
    ID: isWhole ? image.Id : shortId(image.Id),
    Repository: name.repository,
    SharedSize: known(image.SharedSize, (shared) => humanSize(shared, 4)),
    Size: humanSize(image.Size),
    Tag: name.tag,
    UniqueSize: known(image.SharedSize, (shared) => humanSize(image.Size - shared, 4)),
    VirtualSize: humanSize(image.Size, 4),
  };
}

/** -1 says that it was not computed. */
function known(value: number | undefined, format: (value: number) => string): string {
  return value === undefined || value === -1 ? 'N/A' : format(value);
}
