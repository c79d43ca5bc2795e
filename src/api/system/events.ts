/** `GET /events?since=&until=&filters=`: one JSON object a line, as it happens. */
import type { EngineEvent } from '../../container/engine.ts';
import type { Exchange } from '../exchange.ts';
import { Filters, fitsLabel } from '../filters.ts';

const names = [
  'container',
  'image',
  'network',
  'volume',
  'event',
  'type',
  'label',
  'daemon',
  'scope',
  'service',
  'node',
  'secret',
  'config',
  'plugin',
];
/** A client that takes nothing is dropped when this much waits for it. */
const waitingBytesMax = 4 * 1024 * 1024;

export async function events(exchange: Exchange): Promise<void> {
  const { engine, query, signal } = exchange;
  const filters = new Filters(query, names);
  const [since, until] = [query.time('since'), query.time('until')];
  const response = exchange.stream('application/json');
  const send = (event: EngineEvent) => {
    const seconds = Number(event.timeNs) / 1e9;
    if (until !== undefined && seconds > until) return;
    if (fits(filters, event)) response.write(`${eventLine(event)}\n`);
    if (response.writableLength > waitingBytesMax) response.destroy();
  };
  const stop = engine.events.subscribe(send);
  if (since !== undefined)
    for (const event of engine.events.history?.() ?? [])
      if (Number(event.timeNs) / 1e9 >= since) send(event);
  await untilEnd(signal, until);
  stop();
  response.end();
}

/** Resolves at the moment `until`, or when the client is gone. */
function untilEnd(signal: AbortSignal, until: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const leftMs = until === undefined ? undefined : Math.max(0, until * 1000 - Date.now());
    // setTimeout holds 2^31-1 ms at most; a later end is as good as none.
    const timer =
      leftMs !== undefined && leftMs < 2 ** 31 ? setTimeout(resolve, leftMs) : undefined;
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/**
 * Docker's form: fields in lower case are those of the API before 1.22, which clients still read. The
 * time in nanoseconds is beyond a double, so its digits are put in as text.
 */
export function eventLine(event: EngineEvent): string {
  const { type, action, id, attributes, timeNs } = event;
  const old = {
    status: action,
    id,
    ...(type === 'container' && attributes.image ? { from: attributes.image } : {}),
  };
  const line = JSON.stringify({
    ...(type === 'container' || type === 'image' ? old : {}),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time: Number(timeNs / 1_000_000_000n),
  });
  return `${line.slice(0, -1)},"timeNano":${timeNs}}`;
}

function fits(filters: Filters, event: EngineEvent): boolean {
  const names = ['container', 'image', 'network', 'volume', 'daemon'] as const;
  return (
    filters.accepts('type', (type) => type === event.type) &&
    filters.accepts('event', (action) => action === event.action.split(':', 1)[0]) &&
    filters.acceptsAll('label', (label) => fitsLabel(event.attributes, label)) &&
    filters.accepts('scope', (scope) => scope === 'local') &&
    names.every((name) => filters.accepts(name, (value) => concerns(event, name, value)))
  );
}

/** Does the event concern the object of this kind with this id, prefix of it, or name? */
function concerns(event: EngineEvent, kind: string, value: string): boolean {
  const { type, id, attributes } = event;
  if (kind === 'image' && type === 'container') return attributes.image === value;
  return type === kind && (id.startsWith(value) || attributes.name === value);
}
