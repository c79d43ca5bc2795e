/**
 * The caller's terminal in raw mode: every key goes to the container, whose own terminal does the
 * editing. termios(3)
 */
import { spawnSync } from 'node:child_process';
import type { ReadStream } from 'node:tty';

/** @returns a function that restores the terminal; it may be called more than once */
export function enterRawMode(terminal: ReadStream): () => void {
  terminal.setRawMode(true);
  // Node leaves OPOST on: a bare newline would come out as carriage return and newline, and move the
  // cursor of full-screen programs. Node's restore puts all of termios back.
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
  let isRaw = true;
  const restore = (): void => {
    if (isRaw) terminal.setRawMode(false);
    isRaw = false;
  };
  process.once('exit', restore);
  return restore;
}
