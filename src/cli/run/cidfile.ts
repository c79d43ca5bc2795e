/** `--cidfile`: a file with the container's id. Docker refuses one that is there before it creates anything. */
import { existsSync, writeFileSync } from 'node:fs';
import { CommandError } from '../errors.ts';
import { type Flags, flagErrorCode } from '../flags.ts';

/** @throws CommandError with docker's words */
export function checkCidFile(flags: Flags): void {
  const file = flags.text('cidfile');
  if (file && existsSync(file))
    throw new CommandError(
      `container ID file found, make sure the other container isn't running or delete ${file}`,
      flagErrorCode,
    );
}

/** @throws CommandError when it cannot be written; the container is there nevertheless */
export function writeCidFile(flags: Flags, id: string): void {
  const file = flags.text('cidfile');
  if (!file) return;
  try {
    writeFileSync(file, id, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    throw new CommandError(
      `failed to create the container ID file: ${(error as Error).message}`,
      flagErrorCode,
    );
  }
}
