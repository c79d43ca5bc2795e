/** `GET /events?since=&until=&filters=`: one JSON object a line, as it happens. */
import type { EngineEvent } from '../../container/engine.ts';
import { InvalidError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';
import { Filters } from '../filters.ts';
import { eventFilterNames, fitsEvent } from './event-filters.ts';

/** A client that takes nothing is dropped when this much waits for it. */
const waitingBytesMax = 4 * 1024 * 1024;

export async function events(exchange: Exchange): Promise<void> {
  const { engine, query, signal } = exchange;
  const filters = new Filters(query, eventFilterNames);
  const [since, until] = [query.nanoseconds('since'), query.nanoseconds('until')];
  if (since !== undefined && until !== undefined && since > until)
    throw new InvalidError(
      `\`since\` time (${query.text('since')}) cannot be after \`until\` time (${query.text('until')})`,
    );
  const response = exchange.stream('application/json');
  const send = (event: EngineEvent) => {
    if (until !== undefined && event.timeNs > until) return;
    if (fitsEvent(filters, event)) response.write(`${eventLine(event)}\n`);
    if (response.writableLength > waitingBytesMax) response.destroy();
  };
  const stop = engine.events.subscribe(send);
  if (since !== undefined)
    for (const event of engine.events.history()) if (event.timeNs >= since) send(event);
  await untilEnd(signal, until);
  stop();
  response.end();
}

/** Resolves at the moment `until`, or when the client is gone. */
function untilEnd(signal: AbortSignal, until: bigint | undefined): Promise<void> {
  return new Promise((resolve) => {
    const leftMs =
      until === undefined ? undefined : Math.max(0, Number(until / 1_000_000n) + 1 - Date.now());
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
    Actor: { ID: id, Attributes: sorted(attributes) },
    scope: 'local',
    time: Number(timeNs / 1_000_000_000n),
  });
  return `${line.slice(0, -1)},"timeNano":${timeNs}}`;
}

/** As Go writes a map. */
function sorted(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
}
