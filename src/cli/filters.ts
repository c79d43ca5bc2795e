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
