/** The lines a shim writes to a supervisor (docs/shim.md, "shim.sock"), as values. */
import type { Result } from './step.ts';

export type ShimLine =
  | { kind: 'step'; result: Result }
  | { kind: 'running'; pid: number; startTicks: number }
  /** `n` 0: something that is no step, such as opening the log. */
  | { kind: 'failed'; n: number; errno: number }
  | { kind: 'exit'; exitCode: number; signal: number; atNs: bigint };

/**
 * @param line without its newline
 * @throws TypeError when it is none of the four
 */
export function parseShimLine(line: string): ShimLine {
  if (!/^[a-z]+(?: -?\d{1,19})*$/.test(line)) throw malformed(line);
  const [kind, ...fields] = line.split(' ');
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = fields.map(Number);
  if (kind === 'step' && fields.length === 5)
    return { kind, result: { n: a, ret: b, errno: c, startNs: d, durationNs: e } };
  if (kind === 'running' && fields.length === 2) return { kind, pid: a, startTicks: b };
  if (kind === 'failed' && fields.length === 2) return { kind, n: a, errno: b };
  if (kind === 'exit' && fields.length === 3)
    return { kind, exitCode: a, signal: b, atNs: BigInt(fields[2] ?? 0) };
  throw malformed(line);
}

function malformed(line: string): TypeError {
  return new TypeError(`malformed line from the shim: ${JSON.stringify(line.slice(0, 200))}`);
}
