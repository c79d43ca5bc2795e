/** One event of the engine as docker's command shows it. */
import { CommandError } from '../errors.ts';
import { compileOnce, unescapeFormat } from '../template/template.ts';

interface Event {
  status?: string;
  id?: string;
  from?: string;
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> | null };
  scope?: string;
  time: number;
}

/**
 * @param format `json`, a template, or undefined for docker's line
 * @returns from a line of `GET /events` to the text that is shown
 */
export function eventFormat(format: string | undefined): (line: string) => string {
  if (!format) return (line) => eventText(JSON.parse(line) as Event, nanosecondsOf(line));
  if (format === 'json' || /^\{\{\s*json \.\s*\}\}$/.test(format)) return (line) => line;
  if (/^table\b/.test(format)) throw new CommandError('events cannot be shown as a table');
  const render = compileOnce(unescapeFormat(format), {}, 'Error parsing format');
  return (line) => render(context(line));
}

/** The names Go gives the fields. */
function context(line: string): object {
  const { status = '', id = '', from = '', scope = '', time, ...event } = JSON.parse(line) as Event;
  const names = { Status: status, ID: id, From: from, Scope: scope, Time: time };
  const all = { ...names, ...event, TimeNano: nanosecondsOf(line) };
  return Object.defineProperty(all, 'toJSON', { value: () => JSON.parse(line) as unknown });
}

/** Beyond a double, so taken from the text. */
function nanosecondsOf(line: string): bigint {
  return BigInt(/"timeNano":(\d+)/.exec(line)?.[1] ?? 0);
}

/** `2026-01-02T03:04:05.000000001Z container die ID (exitCode=0, image=busybox)` */
function eventText({ Type, Action, Actor }: Event, timeNs: bigint): string {
  const pairs = Object.entries(Actor.Attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const attributes = pairs.map(([key, value]) => `${key}=${value}`).join(', ');
  return `${localTime(timeNs)} ${Type} ${Action} ${Actor.ID}${attributes ? ` (${attributes})` : ''}`;
}

/** Local time with its zone: `2026-01-02T03:04:05.000000001+01:00`. */
function localTime(timeNs: bigint): string {
  const date = new Date(Number(timeNs / 1_000_000n));
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const two = (value: number): string => String(Math.trunc(value)).padStart(2, '0');
  const zone =
    offset === 0
      ? 'Z'
      : `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`;
  return `${local}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}${zone}`;
}
