/**
 * JSON records on disk. After a crash or a power cut a record is the old one or the new one, never torn:
 * temporary file, fsync, rename, fsync of the folder. What is read is checked: a plain file, JSON, its
 * checksum, its schema version, its shape; a broken record is set aside and stops nobody else.
 *
 * The last member, `checksum`, finds flipped bytes. Who edits a record by hand deletes that line.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fsync, openSync, renameSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { z } from 'zod';
import { SystemError } from '../errors/errors.ts';

/** No real record is nearly as large. */
const MAX_BYTES = 16 * 1024 * 1024;

const { O_RDONLY, O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;

/** Writes to the same path queue up here: they share the temporary file. */
const writing = new Map<string, Promise<void>>();

/**
 * Replaces the record at `path`; when this resolves it is on the disk. Mode 0600.
 * @param value an object, written as indented JSON
 * @param after `whole`: after a power cut it may also be the old record, as whole as the new one. For what a power
 *   cut makes untrue anyhow, such as that a container runs.
 */
export function writeRecord<T extends { readonly schema: number }>(
  path: string,
  value: T,
  after: 'new' | 'whole' = 'new',
): Promise<void> {
  const text = withChecksum(JSON.stringify(value, null, 2));
  const turn = (writing.get(path) ?? Promise.resolve()).then(() => replace(path, text, after));
  const settled = turn.catch(() => undefined);
  writing.set(path, settled);
  void settled.then(() => {
    if (writing.get(path) === settled) writing.delete(path);
  });
  return turn;
}

/**
 * @param schema what it must look like
 * @param version highest schema version that is understood
 * @throws SystemError naming the file and what is wrong with it
 */
export async function readRecord<T>(path: string, schema: z.ZodType<T>, version = 1): Promise<T> {
  const value = parseJson(path, verified(path, await readPlainFile(path)));
  refuseNewer(path, value, version);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw broken(path, z.prettifyError(parsed.error).replaceAll('\n', ' '));
}

/**
 * Sets a broken record, or the folder it lies in, aside as `PATH.broken-TIME` and says so.
 * @returns its new path
 */
export async function quarantine(
  path: string,
  reason: unknown,
  log: Pick<Logger, 'error'>,
): Promise<string> {
  const aside = `${path}.broken-${new Date().toISOString().replaceAll(':', '')}`;
  await rename(path, aside);
  const message = reason instanceof Error ? reason.message : String(reason);
  log.error({ path, aside, reason: message }, `set aside a broken record: ${message}`);
  return aside;
}

/** Only what waits for the disk leaves the main thread: a hop there and back costs more than a short write. */
async function replace(path: string, text: string, after: 'new' | 'whole'): Promise<void> {
  const temporary = `${path}.new`;
  await withDescriptor(
    openSync(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600),
    async (fd) => {
      writeFileSync(fd, text);
      await sync(fd);
    },
  );
  renameSync(temporary, path);
  if (after === 'new') await withDescriptor(openSync(dirname(path), O_RDONLY | O_DIRECTORY), sync);
}

const sync = promisify(fsync);

async function withDescriptor(fd: number, work: (fd: number) => Promise<void>): Promise<void> {
  try {
    await work(fd);
  } finally {
    closeSync(fd);
  }
}

/** A fifo must not block, a link must not lead elsewhere, a huge file must not fill the memory. */
async function readPlainFile(path: string): Promise<string> {
  return await using(open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK), async (file) => {
    const { size, ...stat } = await file.stat();
    if (!((stat.mode & constants.S_IFMT) === constants.S_IFREG))
      throw broken(path, 'not a plain file');
    if (size > MAX_BYTES) throw broken(path, `${size} bytes, at most ${MAX_BYTES} are read`);
    return await file.readFile('utf8');
  });
}

async function using<T>(
  opening: Promise<FileHandle>,
  work: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await opening;
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

const CHECKSUM = /,\n {2}"checksum": "([0-9a-f]{16})"\n}\n$/;

function withChecksum(json: string): string {
  const body = json.replace(/\n}$/, '');
  return `${body},\n  "checksum": "${digest(body)}"\n}\n`;
}

/** The text as JSON without the checksum; one that has none is taken as it is. */
function verified(path: string, text: string): string {
  const match = CHECKSUM.exec(text);
  if (!match) return text;
  const body = text.slice(0, match.index);
  if (digest(body) !== match[1])
    throw broken(path, 'its checksum does not fit: the file was changed or the disk is damaged');
  return `${body}\n}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw broken(path, text === '' ? 'it is empty' : (error as Error).message);
  }
}

function refuseNewer(path: string, value: unknown, version: number): void {
  const { schema } = (value ?? {}) as { schema?: unknown };
  if (typeof schema === 'number' && schema > version)
    throw new SystemError(
      `record ${path} has schema ${schema}, this Petri understands up to ${version}: it was written by a newer one; use that one`,
    );
}

function broken(path: string, why: string): SystemError {
  return new SystemError(`record ${path} is broken: ${why}`);
}
