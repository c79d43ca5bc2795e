/** `--cidfile`: a file with the container's id. Docker refuses one that is there before it creates anything. */
import { existsSync, writeFileSync } from 'node:fs';
import { CommandError } from '../errors.ts';
import type { Flags } from '../flags.ts';

/** @param code the command's exit code then. @throws CommandError with docker's words */
export function checkCidFile(flags: Flags, code: number): void {
  const file = flags.text('cidfile');
  if (file && existsSync(file))
    throw new CommandError(
      `container ID file found, make sure the other container isn't running or delete ${file}`,
      code,
    );
}

/** @throws CommandError when it cannot be written; the container is there nevertheless */
export function writeCidFile(flags: Flags, id: string, code: number): void {
  const file = flags.text('cidfile');
  if (!file) return;
  try {
    writeFileSync(file, id, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    throw new CommandError(
      `failed to create the container ID file: ${(error as Error).message}`,
      code,
    );
  }
}
