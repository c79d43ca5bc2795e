/** The container's terminal has the size of the caller's. */
import type { WriteStream } from 'node:tty';
import type { Client } from '../../api/client/client.ts';

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
