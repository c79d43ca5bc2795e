/**
 * Descriptors below 1024 that are kept for a library which waits by select(2): the C library ends the whole
 * process when such a wait is given a higher one, and an engine with many containers and ports has those.
 */
import { SystemError } from '../errors/errors.ts';
import { close, open } from './files.ts';

/** FD_SETSIZE */
const LIMIT = 1024;
/** More than one, for another thread may take one in the moment it is free. */
const KEPT = 4;

const kept: number[] = [];

/**
 * Calls what opens a descriptor and closes it before it returns.
 * @throws SystemError when no low one is free, and does not call then
 */
export function withLowDescriptor<T>(call: () => T): T {
  for (const fd of kept.splice(0)) close(fd);
  try {
    const next = placeholder();
    close(next);
    if (next >= LIMIT)
      throw new SystemError(
        `nftables needs a descriptor below ${LIMIT}, and the engine has none free: stop some containers`,
      );
    return call();
  } finally {
    keep();
  }
}

/** Early, while there are low ones. */
function keep(): void {
  while (kept.length < KEPT) {
    const fd = placeholder();
    if (fd >= LIMIT) {
      close(fd);
      return;
    }
    kept.push(fd);
  }
}

function placeholder(): number {
  return open('/', ['O_PATH', 'O_CLOEXEC']);
}
