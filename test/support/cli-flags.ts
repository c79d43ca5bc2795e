/** A command line of `run`, read as the command reads it. */
import { addValue, canonical, type FlagSpec, Flags } from '../../src/cli/flags.ts';
import { runFlags } from '../../src/cli/run/flags.ts';

/** @throws UsageError */
export function readFlags(line: readonly string[]): { flags: Flags; operands: string[] } {
  const { flags, operands } = canonical(line, runFlags, false);
  const values = new Map<string, unknown>();
  for (const flag of flags) {
    const [, long, text = ''] = /^--([^=]+)=([\s\S]*)$/.exec(flag) ?? [];
    const spec = runFlags.find((candidate) => candidate.long === long) as FlagSpec;
    if (!spec) continue; // --help
    addValue(values, spec, text);
  }
  return { flags: new Flags(values), operands };
}
