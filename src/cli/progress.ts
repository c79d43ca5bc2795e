/**
 * What the engine tells while an image moves, shown as docker shows it: on a terminal one line per layer that is written over,
 * elsewhere a line when something is done.
 */
import type { ProgressLine } from '../api/client/types.ts';
import { CommandError } from './errors.ts';
import { escapeControl } from './escape.ts';
import type { Session } from './session.ts';
import { humanSize } from './units.ts';

/**
 * Reads to the end.
 * @param isQuiet only errors are told
 * @throws CommandError for an error that the engine tells
 */
export async function showProgress(
  session: Session,
  lines: AsyncIterable<ProgressLine>,
  isQuiet = false,
): Promise<void> {
  const { stdout } = session.streams;
  const board = stdout.isTTY ? new Board((text) => stdout.write(text)) : undefined;
  for await (const line of lines) {
    if (line.error !== undefined) throw new CommandError(line.error);
    if (isQuiet) continue;
    if (board && line.id && line.progressDetail) board.show(line.id, lineText(line));
    else if (line.stream !== undefined) stdout.write(escapeText(line.stream));
    else if (line.status && !line.progressDetail?.total) session.print(lineText(line));
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

const barWidth = 50;

function lineText({ id, status = '', progressDetail }: ProgressLine): string {
  const { current = 0, total = 0 } = progressDetail ?? {};
  const text = id ? `${id}: ${status}` : status;
  if (total <= 0) return text;
  const done = Math.min(barWidth, Math.floor((current / total) * barWidth));
  const bar = `${'='.repeat(done)}>`.slice(0, barWidth).padEnd(barWidth);
  return `${text} [${bar}] ${humanSize(current)}/${humanSize(total)}`;
}

function escapeText(text: string): string {
  return text.split('\n').map(escapeControl).join('\n');
}
