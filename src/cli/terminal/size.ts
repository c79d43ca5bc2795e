/** The container's terminal has the size of the caller's. */
import type { WriteStream } from 'node:tty';
import type { Client } from '../../api/client/client.ts';

/** A size that is not the terminal's for a moment makes a program that runs already draw again. */
export async function redraw(client: Client, id: string, terminal: WriteStream): Promise<void> {
  const { rows, columns } = terminal;
  if (rows && columns) await client.containers.resize(id, rows + 1, columns).catch(() => undefined);
}

/**
 * Sets the size now and at each change.
 * @returns a function that stops it
 */
export function followSize(client: Client, id: string, terminal: WriteStream): () => void {
  const tell = (): void => {
    const { rows, columns } = terminal;
    // It may have ended meanwhile: its size is of no interest then.
    if (rows && columns) client.containers.resize(id, rows, columns).catch(() => undefined);
  };
  if (!terminal.isTTY) return () => undefined;
  tell();
  terminal.on('resize', tell);
  return () => terminal.off('resize', tell);
}
