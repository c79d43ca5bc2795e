/**
 * Looks up a container's user in its own /etc/passwd and /etc/group. They are read through a read-only
 * overlay that is mounted nowhere (it exists as a descriptor only) and resolved inside it, so that no
 * link in an image can point at a file of the host.
 */
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { InvalidError, KernelError } from '../errors/errors.ts';
import { detachedOverlay } from '../kernel/detached-overlay.ts';
import { openat2 } from '../kernel/files.ts';
import type { Identity } from './plan/input.ts';
import type { ContainerRecord } from './record.ts';
import { lookUpIdentity } from './users.ts';

/** No real passwd file is nearly as large; a hostile one must not fill the engine's memory. */
const MAX_BYTES = 10 * 1024 * 1024;

/**
 * @param layers folders of the root, top first, the container's writable one included; at least two
 * @throws InvalidError for an unknown user or group, or files that are no plain files
 */
export function readIdentity(
  { config, hostConfig }: ContainerRecord,
  layers: readonly string[],
): Identity {
  const root = detachedOverlay(layers);
  try {
    return readIdentityIn(root, config.User, hostConfig.GroupAdd ?? []);
  } finally {
    closeSync(root);
  }
}

/**
 * @param root descriptor of a container's root
 * @throws InvalidError as above
 */
export function readIdentityIn(root: number, user: string, groupAdd: readonly string[]): Identity {
  const passwd = readInRoot(root, '/etc/passwd');
  const group = readInRoot(root, '/etc/group');
  return lookUpIdentity(user, groupAdd, passwd, group);
}

/**
 * Text of a plain file under `root`; empty when there is none. What it is, is looked at before it is opened for
 * reading: opening a device or a fifo can do something.
 */
function readInRoot(root: number, path: string): string {
  const found = findInRoot(root, path);
  if (found === undefined) return '';
  try {
    const { size } = plainFile(found, path);
    const fd = openSync(`/proc/self/fd/${found}`, 'r');
    try {
      const text = Buffer.alloc(size);
      return text.toString('utf8', 0, readSync(fd, text, 0, size, 0));
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(found);
  }
}

function plainFile(fd: number, path: string): Stats {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new InvalidError(`${path} of the container is not a plain file`);
  if (stat.size > MAX_BYTES)
    throw new InvalidError(
      `${path} of the container has ${stat.size} bytes, at most ${MAX_BYTES} are read`,
    );
  return stat;
}

/** A descriptor that only names the file (O_PATH). */
function findInRoot(root: number, path: string): number | undefined {
  try {
    return openat2(root, path, {
      flags: ['O_PATH', 'O_CLOEXEC'],
      resolve: ['RESOLVE_IN_ROOT', 'RESOLVE_NO_MAGICLINKS'],
    });
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    if (['ENOENT', 'ENOTDIR'].includes(error.code)) return undefined;
    if (error.code === 'ELOOP')
      throw new InvalidError(`${path} of the container is a link that leads nowhere (ELOOP)`);
    throw error;
  }
}
