/** The image of an index that fits a platform. OCI image-spec, image-index.md */
import { NotFoundError } from '../../errors/errors.ts';
import type { Descriptor } from '../descriptor.ts';
import type { ImageIndex, Platform } from '../manifest.ts';
import { hostPlatform, isPlatform, runnableOn, showPlatform } from '../platform.ts';

/**
 * What says nothing of its platform, or that it is `unknown`, as attestations do, is none.
 * @throws NotFoundError in docker's words
 */
export function choose(
  { manifests }: ImageIndex,
  wanted: Platform = hostPlatform,
): Descriptor & { platform?: Platform | undefined } {
  for (const platform of runnableOn(wanted)) {
    const found = manifests.find((one) => one.platform && isPlatform(one.platform, platform));
    if (found) return found;
  }
  throw new NotFoundError(
    `no matching manifest for ${showPlatform(wanted)} in the manifest list entries`,
  );
}
