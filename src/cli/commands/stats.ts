import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../api/client/client.ts';
import { ApiError } from '../../api/client/errors.ts';
import type { StatsAnswer } from '../../api/client/types.ts';
import type { CommandSpec } from '../command.ts';
import type { Flags } from '../flags.ts';
import { type Context, formatList } from '../format/list.ts';
import { statsColumns, statsContext, statsHeadings, statsUnknown } from '../format/stats.ts';
import type { Session } from '../session.ts';

const INTERVAL_MS = 1000;
/** To the top left; clear to the end of the line; and of the screen (ECMA-48). */
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_REST = '\x1b[J';

/** `petri stats`: what containers use, once or again and again. `GET /containers/{id}/stats` */
export const stats: CommandSpec = {
  name: 'stats',
  usage: '[OPTIONS] [CONTAINER...]',
  summary: 'Show what containers use',
  operands: [0],
  flags: [
    { long: 'all', short: 'a', text: 'also those that do not run' },
    { long: 'format', value: 'string', text: 'table, json, table TEMPLATE or TEMPLATE' },
    { long: 'no-stream', text: 'once, not again and again' },
    { long: 'no-trunc', text: 'nothing cut short' },
  ],
  async run(session, operands, flags) {
    const client = await session.client();
    if (flags.switch('no-stream')) {
      const names = await chosen(client, operands, flags);
      await failEarly(client, operands);
      print(session, await sampled(client, names, flags, false), flags, '');
      return 0;
    }
    return watch(session, client, operands, flags);
  },
};

/** One line each, in order; a name the engine does not know ends the command, as docker's does. */
async function failEarly(client: Client, operands: readonly string[]): Promise<void> {
  await Promise.all(operands.map((name) => client.containers.inspect(name)));
}

async function chosen(
  client: Client,
  operands: readonly string[],
  flags: Flags,
): Promise<string[]> {
  if (operands.length > 0) return [...operands];
  const all = await client.containers.list({ all: flags.switch('all') });
  return all.map(({ Id }) => Id);
}

/** With `isQuick` one sample each, to be compared with `before`; else the engine takes two. */
async function sampled(
  client: Client,
  names: readonly string[],
  flags: Flags,
  isQuick: boolean,
  before: Map<string, StatsAnswer> = new Map(),
): Promise<Context[]> {
  const answers = await Promise.all(
    names.map((name) => client.containers.stats(name, isQuick).catch(missing)),
  );
  return answers.flatMap((answer, i) => {
    const name = names[i] ?? '';
    if (answer === undefined) return before.has(name) ? [] : [statsUnknown(name, name)];
    const earlier = before.get(name);
    before.set(name, answer);
    const joined = isQuick && earlier ? { ...answer, precpu_stats: earlier.cpu_stats } : answer;
    return [statsContext(name, joined, flags.switch('no-trunc'))];
  });
}

/** It may be removed at any moment. */
function missing(error: unknown): undefined {
  if (error instanceof ApiError) return undefined;
  throw error;
}

/** Draws anew each second, until it is interrupted or nothing that was named is left. */
async function watch(
  session: Session,
  client: Client,
  operands: readonly string[],
  flags: Flags,
): Promise<number> {
  await failEarly(client, operands);
  const before = new Map<string, StatsAnswer>();
  for (let round = 0; ; round++) {
    const names = await chosen(client, operands, flags);
    const rows = await sampled(client, names, flags, true, before);
    if (operands.length > 0 && rows.length === 0) return 0;
    print(session, rows, flags, round === 0 ? '\x1b[2J' : '');
    await delay(INTERVAL_MS);
  }
}

function print(session: Session, contexts: readonly Context[], flags: Flags, clear: string): void {
  const format = flags.text('format');
  const text = formatList({
    contexts,
    columns: statsColumns,
    headings: statsHeadings,
    format,
    isQuiet: false,
  });
  if (flags.switch('no-stream')) {
    if (text) session.print(text);
    return;
  }
  const lines = text.split('\n').map((line) => `${line}${CLEAR_LINE}\n`);
  session.streams.stdout.write(`${clear}${HOME}${lines.join('')}${CLEAR_REST}`);
}
