/** `-v` as docker's own command line reads it: what goes to the engine as a bind, and what is but a path. Pure. */
import { resolve } from 'node:path';

/** `/path` alone is a volume without a name; all else binds. @throws Error with docker's words */
export function isBind(volume: string): boolean {
  const sections = sectionsOf(volume);
  const invalid = (why: string) => new Error(`invalid spec: ${volume}: ${why}`);
  if (sections.includes('')) throw invalid('empty section between colons');
  if (sections.length > 3) throw invalid('too many colons');
  return sections.length > 1;
}

/** A letter and a colon are a drive of Windows, to docker everywhere. */
function sectionsOf(volume: string): string[] {
  const [, drive = '', rest = ''] = /^(\p{L}:)?([\s\S]*)$/u.exec(volume) ?? [];
  const [first = '', ...more] = rest.split(':');
  return [drive + first, ...more];
}

/** `./data:/data`: docker's own command line makes a relative source absolute. */
export function fromHere(volume: string): string {
  const at = volume.indexOf(':');
  const source = volume.slice(0, at);
  return /^\.\.?(\/|$)/.test(source) ? `${resolve(source)}${volume.slice(at)}` : volume;
}

export function anonymousVolumes(volumes: readonly string[]): Record<string, object> {
  return Object.fromEntries(volumes.filter((volume) => !isBind(volume)).map((path) => [path, {}]));
}
