/**
 * Looks up a container's user in its own /etc/passwd and /etc/group. They are read through a read-only
 * overlay that is mounted nowhere (it exists as a descriptor only) and resolved inside it, so that no
 * link in an image can point at a file of the host.
 */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { InvalidError, KernelError } from '../errors/errors.ts';
import { detachedOverlay } from '../kernel/detached-overlay.ts';
import { open, openat2 } from '../kernel/files.ts';
import type { HostFacts } from './plan/facts.ts';
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
  facts: HostFacts,
  layers: readonly string[],
): Identity {
  const roots = openRoots(facts, layers);
  try {
    return readIdentityIn(roots, config.User, hostConfig.GroupAdd ?? []);
  } finally {
    for (const root of roots) closeSync(root);
  }
}

/**
 * @param roots descriptors of folders; a file is taken from the first that has it
 * @throws InvalidError as above
 */
export function readIdentityIn(
  roots: readonly number[],
  user: string,
  groupAdd: readonly string[],
): Identity {
  const passwd = readFirst(roots, '/etc/passwd');
  const group = readFirst(roots, '/etc/group');
  return lookUpIdentity(user, groupAdd, passwd, group);
}

/** The overlay as one root; before Linux 6.5, where it cannot be made detached, each layer for itself. */
function openRoots({ overlayLowerdirPlus }: HostFacts, layers: readonly string[]): number[] {
  if (overlayLowerdirPlus) return [detachedOverlay(layers)];
  return layers.map((layer) => open(layer, ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC']));
}

/** Text of a plain file under the first root that has it; empty when none has. */
function readFirst(roots: readonly number[], path: string): string {
  for (const root of roots) {
    const fd = openInRoot(root, path);
    if (fd === undefined) continue;
    try {
      return readPlain(fd, path);
    } finally {
      closeSync(fd);
    }
  }
  return '';
}

function readPlain(fd: number, path: string): string {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new InvalidError(`${path} of the container is not a plain file`);
  if (stat.size > MAX_BYTES)
    throw new InvalidError(
      `${path} of the container has ${stat.size} bytes, at most ${MAX_BYTES} are read`,
    );
  const text = Buffer.alloc(stat.size);
  return text.toString('utf8', 0, readSync(fd, text, 0, stat.size, 0));
}

/** O_NONBLOCK: a fifo in place of the file must not hold up the engine. */
function openInRoot(root: number, path: string): number | undefined {
  try {
    return openat2(root, path, {
      flags: ['O_RDONLY', 'O_NONBLOCK', 'O_NOCTTY', 'O_CLOEXEC'],
      resolve: ['RESOLVE_IN_ROOT', 'RESOLVE_NO_MAGICLINKS'],
    });
  } catch (error) {
    if (error instanceof KernelError && ['ENOENT', 'ENOTDIR'].includes(error.code))
      return undefined;
    throw error;
  }
}
