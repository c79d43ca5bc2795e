/** Twelve lines on how a container came to be: a line on the whole, one for each phase, and what now. */
import type { Phase, Result, Step } from '../step/step.ts';
import { absentAccount, phaseOrder, phases } from './phases.ts';
import { shortenIds, usableWidth } from './text.ts';
import { elapsedNs, milliseconds, ownTimes } from './time.ts';

/**
 * @param steps the whole list
 * @param results what executing them yielded
 * @returns exactly twelve lines, ending in a newline
 */
export function summary(
  steps: readonly Step[],
  results: readonly Result[],
  { width }: { width?: number } = {},
): string {
  const own = ownTimes(results);
  const cut = usableWidth(width);
  const lines = [
    `${steps.length} steps made this container, in ${milliseconds(elapsedNs(results))}:`,
    ...phaseOrder.map((phase, i) => phaseLine(i + 1, phase, steps, own)),
    'Then the shim waited for it, kept its output and its exit code; the engine was not needed.',
  ];
  return `${lines.map((line) => ellipsis(line, cut)).join('\n')}\n`;
}

function phaseLine(
  position: number,
  phase: Phase,
  steps: readonly Step[],
  own: ReadonlyMap<number, number>,
): string {
  const mine = steps.filter((step) => step.phase === phase);
  const ns = mine.reduce((sum, step) => sum + (own.get(step.n) ?? 0), 0);
  const account = mine.length > 0 ? phases[phase].account(mine) : absentAccount(phase);
  const columns = [
    `${String(position).padStart(2)}. ${phase.padEnd(10)}`,
    `${String(mine.length).padStart(3)} ${mine.length === 1 ? 'step ' : 'steps'}`,
    milliseconds(ns).padStart(8),
  ];
  return `${columns.join(' ')}  ${shortenIds(account)}`;
}

function ellipsis(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}
