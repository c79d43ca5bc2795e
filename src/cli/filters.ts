/** `--filter`: the flag of every list and prune, and what the API is told of it. */
import type { FlagSpec } from './flags.ts';

/**
 * @param text what it may be, for the help
 * @throws Error from its `parse`, with docker's words, for one that has no value
 */
export function filterFlag(text = 'key=value'): FlagSpec {
  return { ...longFilterFlag(text), short: 'f' };
}

/** Where `-f` is something else. */
export function longFilterFlag(text: string): FlagSpec {
  return { long: 'filter', value: 'filter', list: true, parse: checkFilter, text };
}

/** `--filter status=exited --filter label=a=b` → the API's filters. */
export function parseFilters(filters: readonly string[]): Record<string, string[]> {
  const parsed: Record<string, string[]> = {};
  for (const filter of filters) {
    const at = filter.indexOf('=');
    const key = filter.slice(0, at).trim().toLowerCase();
    const values = parsed[key] ?? [];
    parsed[key] = [...values, filter.slice(at + 1).trim()];
  }
  return parsed;
}

function checkFilter(text: string): string {
  if (!text.includes('=')) throw new Error('bad format of filter (expected name=value)');
  return text;
}
