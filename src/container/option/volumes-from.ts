/** `--volumes-from CONTAINER[:ro|rw]`. Messages are docker's. Pure. */
import { InvalidError } from '../../errors/errors.ts';
import type { MountPoint } from './mount-point.ts';
import { modeWords } from './volume-flag.ts';

/** @throws InvalidError */
export function parseVolumesFrom(spec: string): { container: string; readOnly: boolean } {
  if (spec === '') throw new InvalidError('volumes-from specification cannot be an empty string');
  const at = spec.indexOf(':');
  const [container, mode] = at < 0 ? [spec, ''] : [spec.slice(0, at), spec.slice(at + 1)];
  const words = modeWords(mode);
  if (words.some((word) => !['ro', 'rw', 'z', 'Z'].includes(word)))
    throw new InvalidError(`invalid mode: ${mode}`);
  return { container, readOnly: words.includes('ro') };
}

/** What a container takes over of another's mounts: binds and volumes, which are filled by nobody any more. */
export function inherited(mounts: readonly MountPoint[], readOnly: boolean): MountPoint[] {
  return mounts.flatMap((mount) => {
    if (mount.type === 'tmpfs') return [];
    const taken = { ...mount, readOnly: mount.readOnly || readOnly };
    return [taken.type === 'volume' ? { ...taken, copies: false } : taken];
  });
}
