/** How far something is, as docker's `jsonmessage` shows it: `[=====>      ]  1.049MB/48.56MB`. */
import { humanSize } from './human-size.ts';

/** A narrower terminal gets the numbers alone. */
const barFrom = 110;

/**
 * @param total 0: not known
 * @param width columns of the terminal
 */
export function progressBar(current: number, total: number, width = 200): string {
  if (current <= 0 && total <= 0) return '';
  const known = humanSize(current, 4).padStart(8);
  if (total <= 0) return known;
  const numbers = current > total ? known : `${known}/${humanSize(total, 4)}`;
  if (width <= barFrom) return numbers;
  const filled = Math.min(50, Math.trunc(Math.trunc((current / total) * 100) / 2));
  const empty = Math.max(0, 50 - filled);
  return `[${'='.repeat(filled)}>${' '.repeat(empty)}] ${numbers}`;
}
