/**
 * What the engine tells while an image moves, shown as docker shows it: on a terminal one line per layer that is written over,
 * elsewhere a line when something is done.
 */
import type { WriteStream } from 'node:tty';
import { progressBar } from '../api/client/progress-bar.ts';
import type { ProgressLine } from '../api/client/types.ts';
import { CommandError } from './errors.ts';
import { escapeControl } from './escape.ts';
import type { Session } from './session.ts';

/**
 * Reads to the end.
 * @param isQuiet only errors are told
 * @param out where it is shown
 * @throws CommandError for an error that the engine tells
 */
export async function showProgress(
  session: Session,
  lines: AsyncIterable<ProgressLine>,
  isQuiet = false,
  out: WriteStream = session.streams.stdout,
): Promise<void> {
  const board = out.isTTY ? new Board((text) => out.write(text)) : undefined;
  for await (const line of lines) {
    if (line.error !== undefined) throw new CommandError(line.error);
    if (isQuiet) continue;
    if (board && line.id && line.progressDetail) board.show(line.id, lineText(line, out.columns));
    else if (line.stream !== undefined) out.write(escapeText(line.stream));
    else if (line.status && !line.progressDetail?.total)
      out.write(`${escapeControl(lineText(line))}\n`);
  }
}

/** Lines on a terminal, each by its name, the newest below. console_codes(4) */
class Board {
  readonly #rows: string[] = [];

  constructor(private readonly write: (text: string) => void) {}

  show(name: string, text: string): void {
    if (!this.#rows.includes(name)) {
      this.#rows.push(name);
      this.write('\n');
    }
    const up = this.#rows.length - this.#rows.indexOf(name);
    this.write(`\x1b[${up}A\r\x1b[2K${escapeControl(text)}\x1b[${up}B\r`);
  }
}

/** @param width columns of the terminal, if it is one */
function lineText({ id, status = '', progressDetail }: ProgressLine, width?: number): string {
  const { current = 0, total = 0 } = progressDetail ?? {};
  const text = id ? `${id}: ${status}` : status;
  return total <= 0 ? text : `${text} ${progressBar(current, total, width)}`;
}

function escapeText(text: string): string {
  return text.split('\n').map(escapeControl).join('\n');
}
