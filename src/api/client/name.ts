/** Names and ids on their way into a path: docker's client refuses an empty one, which would be another path. */

/** @throws Error with docker's words */
export function nameOrId(kind: 'container' | 'network', text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') throw new Error(`invalid ${kind} name or ID: value is empty`);
  return trimmed;
}
