/** The container's terminal has the size of the caller's. */
import type { WriteStream } from 'node:tty';

/** Sets the size of a terminal of the engine's; it may have ended meanwhile: its size is of no interest then. */
export type Resize = (rows: number, columns: number) => Promise<void>;

/** A size that is not the terminal's for a moment makes a program that runs already draw again. */
export async function redraw(resize: Resize, terminal: WriteStream): Promise<void> {
  const { rows, columns } = terminal;
  if (rows && columns) await resize(rows + 1, columns).catch(() => undefined);
}

/**
 * Sets the size now and at each change.
 * @returns a function that stops it
 */
export function followSize(resize: Resize, terminal: WriteStream): () => void {
  const tell = (): void => {
    const { rows, columns } = terminal;
    if (rows && columns) resize(rows, columns).catch(() => undefined);
  };
  if (!terminal.isTTY) return () => undefined;
  tell();
  terminal.on('resize', tell);
  return () => terminal.off('resize', tell);
}
