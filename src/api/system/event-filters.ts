/** Which events a client of `GET /events` wants: the rules of moby daemon/events/filter.go. Pure. */
import type { EngineEvent } from '../../container/engine.ts';
import { type Filters, fitsLabel } from '../filters.ts';

const kinds = [
  'container',
  'image',
  'network',
  'volume',
  'daemon',
  'plugin',
  'service',
  'node',
  'secret',
  'config',
] as const;

export const eventFilterNames: readonly string[] = [...kinds, 'event', 'type', 'label', 'scope'];

/** Every filter that is given fits; of one filter any value does, but all labels. */
export function fitsEvent(filters: Filters, event: EngineEvent): boolean {
  return (
    filters.accepts('type', (type) => type === event.type) &&
    filters.accepts('event', (action) => fitsAction(event.action, action)) &&
    filters.acceptsAll('label', (label) => fitsLabel(event.attributes, label)) &&
    filters.accepts('scope', (scope) => scope === 'local') &&
    kinds.every((kind) => filters.accepts(kind, (value) => concerns(event, kind, value)))
  );
}

/** `health_status` fits `health_status: healthy`, which fits by itself too. */
function fitsAction(action: string, wanted: string): boolean {
  return action === wanted || action.split(':', 1)[0] === wanted;
}

/** Is it about the object of this kind whose id or name begins so? An image's name is whole, its tag may be left out. */
function concerns(event: EngineEvent, kind: string, value: string): boolean {
  const { type, id, attributes } = event;
  if (kind === 'image') {
    const name = (type === 'image' ? attributes.name : attributes.image) ?? '';
    return [id, name, withoutTag(id), withoutTag(name)].includes(value);
  }
  return type === kind && (id.startsWith(value) || (attributes.name ?? '').startsWith(value));
}

function withoutTag(reference: string): string {
  return reference.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}
