/**
 * Where the server listens: a unix socket that nobody but root and one group can open at any moment of its
 * life, unix(7). The mode comes from the umask before bind(2), not from a chmod after it.
 */
import { chownSync, existsSync, readFileSync } from 'node:fs';
import { lstat, mkdir, unlink } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { ConflictError, InvalidError, SystemError } from '../errors/errors.ts';

/** Longest path of a unix socket (sun_path), without its NUL. */
const pathBytesMax = 107;
const groups = ['petri', 'docker'];
/** Connections that may wait while a container is made; the kernel's own limit (somaxconn) is no higher. listen(2) */
const BACKLOG = 4096;

/**
 * @param address `unix:///path/to/socket`
 * @returns the path it listens on
 * @throws InvalidError for another kind of address, ConflictError when a server lives there
 */
export async function listen(server: Server, address: string): Promise<string> {
  const path = socketPath(address);
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await removeStale(path);
  await bind(server, path);
  return path;
}

/** @throws InvalidError */
function socketPath(address: string): string {
  const path = address.startsWith('unix://') ? address.slice('unix://'.length) : '';
  if (!path.startsWith('/') || path.includes('\0'))
    throw new InvalidError(
      `cannot listen on ${address}: only unix:///absolute/path is built (the API gives root rights to whoever reaches it)`,
    );
  if (Buffer.byteLength(path) > pathBytesMax)
    throw new InvalidError(
      `cannot listen on ${path}: a socket's path has at most ${pathBytesMax} bytes`,
    );
  return path;
}

/** Removes a socket that no process listens on any more, and nothing else. */
async function removeStale(path: string): Promise<void> {
  const status = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new SystemError(`cannot look at ${path}: ${error.message}`, { cause: error });
  });
  if (!status) return;
  if (!status.isSocket())
    throw new ConflictError(`cannot listen on ${path}: it exists and is not a socket`);
  if (await answers(path))
    throw new ConflictError(
      `cannot listen on ${path}: another process serves it; stop that one or choose another address with -H`,
    );
  await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createConnection(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(new ConflictError(`cannot listen on ${path}: ${error.message}`));
    });
  });
}

/** net.Server binds inside `listen`, synchronously for a path, so the umask holds for just that call. */
function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) =>
      reject(new SystemError(`cannot listen on ${path}: ${error.message}`, { cause: error }));
    server.once('error', failed);
    const umask = process.umask(0o117);
    try {
      server.listen({ path, backlog: BACKLOG }, () => {
        server.off('error', failed);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
    const group = groupId();
    if (group !== undefined && server.listening) chownSync(path, 0, group);
  });
}

/** The group that may use the socket besides root: `petri`, else `docker`, else nobody. group(5) */
function groupId(): number | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (!existsSync('/etc/group')) return undefined;
  const lines = readFileSync('/etc/group', 'utf8').split('\n');
  for (const group of groups) {
    const id = lines.find((line) => line.startsWith(`${group}:`))?.split(':')[2];
    if (id && /^\d+$/.test(id)) return Number(id);
  }
  return undefined;
}
