/** An archive from a file or from stdin: `import` and `load`. */
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { CommandError } from '../errors.ts';
import type { Session } from '../session.ts';

/** @param source a file, or `-` for stdin. @throws CommandError in docker's words */
export async function openArchive(session: Session, source: string): Promise<Readable> {
  if (source === '-') return session.streams.stdin;
  try {
    const file = await open(source);
    return file.createReadStream();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(
      `open ${source}: ${code === 'ENOENT' ? 'no such file or directory' : code}`,
    );
  }
}
