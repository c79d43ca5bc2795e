import { InvalidError } from '../errors/errors.ts';

/**
 * The image's or the container's first, each replaced by one's own of the same name. An entry without `=` unsets it.
 * @throws InvalidError for an entry without a name, or with a NUL
 */
export function mergeEnvironment(image: readonly string[], own: readonly string[]): string[] {
  const merged = new Map<string, string>();
  for (const entry of image) if (entry.includes('=')) merged.set(nameOf(entry), entry);
  for (const entry of own) {
    if (entry.startsWith('=') || entry.includes('\0'))
      throw new InvalidError(`invalid environment variable: ${entry.replaceAll('\0', '\\0')}`);
    if (entry.includes('=')) merged.set(nameOf(entry), entry);
    else merged.delete(entry);
  }
  return [...merged.values()];
}

function nameOf(entry: string): string {
  return entry.slice(0, entry.indexOf('='));
}
