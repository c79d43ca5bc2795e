/** Turns what the kernel refuses for an entry's sake into words about the archive: bad input is no failure of ours. */
import { InvalidError } from '../errors/errors.ts';
import { hasCode } from './remove-at.ts';
import type { TarEntry } from './tar/read.ts';
import { show } from './unpack-names.ts';

/** Why an entry is refused; `blame` adds which one. */
export class Refusal extends Error {}

/** Says in words what the kernel's refusal means for this entry. */
export function blame(error: unknown, entry: TarEntry): unknown {
  const reasons: Record<string, string> = {
    ELOOP: 'leads through a symbolic link',
    EXDEV: 'leads out of the image',
    ENOTDIR: 'leads through something that is no directory',
    ENOENT:
      entry.type === 'link'
        ? 'is a link to something that the archive did not bring'
        : 'cannot be made where it is to lie',
    EMLINK: 'is one link too many for the filesystem',
    EINVAL: 'has a value that the kernel does not take',
    ENAMETOOLONG: 'has a name that is too long for the filesystem',
    ...(entry.type === 'link' && { EPERM: 'is a link to a directory' }),
  };
  const code = Object.keys(reasons).find((name) => hasCode(error, name));
  const reason = error instanceof Refusal ? error.message : reasons[code ?? ''];
  if (!reason) return error;
  return new InvalidError(`invalid archive: entry ${show(entry.path)} ${reason}`, { cause: error });
}
