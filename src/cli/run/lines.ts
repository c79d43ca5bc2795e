/** Files of lines: `--env-file`, `--label-file`. */
import { readFileSync } from 'node:fs';

/** The lines of all these files, in order. @throws Error with docker's words */
export function readLines(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    try {
      return readFileSync(path, 'utf8').split(/\r?\n/);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new Error(`open ${path}: ${code === 'ENOENT' ? 'no such file or directory' : message}`);
    }
  });
}
