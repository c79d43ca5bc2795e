/** An archive to a file or to stdout: `export` and `save`. The file has its name when it is whole. */
import { randomBytes } from 'node:crypto';
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { CommandError } from '../errors.ts';
import type { Session } from '../session.ts';
import { localDestination } from './local-path.ts';

/**
 * @param output the file; undefined or empty: stdout, which may be no terminal
 * @param failed docker's words before a reason
 * @param open asks the engine, when it is known where the answer goes
 * @throws CommandError
 */
export async function writeArchive(
  session: Session,
  output: string | undefined,
  failed: string,
  open: () => Promise<NodeJS.ReadableStream>,
): Promise<void> {
  const { stdout } = session.streams;
  if (!output && stdout.isTTY)
    throw new CommandError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
  const path = output ? fileFor(output, failed) : undefined;
  const archive = await open();
  if (path) await writeWhole(path, archive);
  else await pipeline(archive, stdout, { end: false });
}

function fileFor(output: string, failed: string): string {
  try {
    const { path, is } = localDestination(output);
    if (is !== 'folder') return path;
    throw new CommandError(`${output} is a directory`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Docker's cp and export say the same in two ways.
    const reason = message.replace(
      /directory "(.*)" does not exist$/,
      'stat $1: no such file or directory',
    );
    throw new CommandError(`${failed}: ${reason}`);
  }
}

async function writeWhole(path: string, archive: NodeJS.ReadableStream): Promise<void> {
  const unfinished = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await pipeline(archive, createWriteStream(unfinished, { flags: 'wx', mode: 0o600 }));
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
