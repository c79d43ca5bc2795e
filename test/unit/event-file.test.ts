/** The events on disk: whatever a crash or a disk has done to the file, the next start goes on from it. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../src/container/engine.ts';
import { EventFile } from '../../src/supervisor/event-file.ts';
import { EventBus } from '../../src/supervisor/events.ts';

let folder: string;
let path: string;
const messages: string[] = [];
const log = {
  warn: (_: unknown, message: string) => messages.push(message),
  error: (_: unknown, message: string) => messages.push(message),
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'petri-events-'));
  path = join(folder, 'events');
  messages.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const event = (i: number, attributes: Record<string, string> = {}): EngineEvent => ({
  type: 'container',
  action: `a${i}`,
  id: 'c0ffee',
  attributes,
  timeNs: BigInt(i),
});

/** What a bus on the file knows at its start; `act` is done by it before it is let go, as by a kill. */
async function open(
  act: (bus: EventBus) => void = () => undefined,
): Promise<readonly EngineEvent[]> {
  const file = await EventFile.open(path, log as never);
  const bus = new EventBus(file);
  const known = [...bus.history()];
  act(bus);
  file.close();
  return known;
}

const actions = (events: readonly EngineEvent[]) => events.map(({ action }) => action);
const emitAll = (from: number, to: number) => (bus: EventBus) => {
  for (let i = from; i <= to; i++) bus.emit(event(i));
};

describe('events', () => {
  it('of one supervisor are known to the next, in order and to the nanosecond', async () => {
    const big = { ...event(1, { 'a\n"b': '\u2028' }), timeNs: 1_767_323_045_000_000_001n };
    await open((bus) => bus.emit(big));
    expect(await open()).toEqual([big]);
  });

  it('are 256 however many there were, and the file stays small', async () => {
    await open(emitAll(1, 5000));
    expect(statSync(path).size).toBeLessThan(200_000);
    const known = await open(emitAll(5001, 5010));
    expect(actions(known)).toEqual(Array.from({ length: 256 }, (_, i) => `a${4745 + i}`));
    expect(actions(await open()).at(-1)).toBe('a5010');
  });

  it('go on after the last one even when the clock has gone back', async () => {
    await open(emitAll(1000, 1001));
    await open(emitAll(5, 6));
    const times = (await open()).map(({ timeNs }) => timeNs);
    expect(times).toEqual([1000n, 1001n, 1002n, 1003n]);
  });

  it('of an engine that has been closed do not get into the file of the next', async () => {
    const old = await EventFile.open(path, log as never);
    const bus = new EventBus(old);
    old.close();
    await open(emitAll(1, 2));
    emitAll(3, 4)(bus);
    expect(actions(await open())).toEqual(['a1', 'a2']);
  });

  it('with labels of megabytes do not fill the disk', async () => {
    await open((bus) => {
      for (let i = 0; i < 60; i++) bus.emit(event(i, { label: 'x'.repeat(1 << 20) }));
    });
    expect(statSync(path).size).toBeLessThan(17 * 1024 * 1024);
    const known = await open();
    expect(known.length).toBeGreaterThan(2);
    expect(known.at(-1)?.action).toBe('a59');
  });

  it('whose file is cut anywhere are those that are whole', async () => {
    await open(emitAll(1, 20));
    const bytes = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), async (length) => {
        writeFileSync(path, bytes.subarray(0, length));
        const known = actions(await open(emitAll(21, 21)));
        expect(known).toEqual(known.map((_, i) => `a${i + 1}`));
        expect(known.length).toBe(
          Math.max(0, bytes.subarray(0, length).toString().split('\n').length - 2),
        );
        expect(actions(await open()).at(-1)).toBe('a21');
      }),
    );
  });

  it('whose file is anything are no obstacle', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, hasHead) => {
        writeFileSync(path, Buffer.concat([Buffer.from(hasHead ? '{"schema":1}\n' : ''), bytes]));
        await open(emitAll(7, 7));
        expect(actions(await open()).at(-1)).toBe('a7');
      }),
    );
  });

  it.each<[string, () => void]>([
    ['of a newer schema', () => writeFileSync(path, '{"schema":2}\n')],
    ['empty', () => writeFileSync(path, '')],
    ['a folder', () => mkdirSync(path)],
    ['a link', () => symlinkSync('/etc/passwd', path)],
  ])('whose file is %s begin anew, and it is set aside', async (_name, make) => {
    make();
    expect(await open(emitAll(1, 1))).toEqual([]);
    expect(actions(await open())).toEqual(['a1']);
    expect(readdirSync(folder).filter((name) => name.includes('broken'))).toHaveLength(1);
    expect(messages).toHaveLength(1);
  });

  it('are told all the same when they cannot be kept', async () => {
    const file = await EventFile.open(join(folder, 'no', 'such', 'folder'), log as never);
    const bus = new EventBus(file);
    const heard: string[] = [];
    bus.subscribe(({ action }) => heard.push(action));
    emitAll(1, 3)(bus);
    expect(heard).toEqual(['a1', 'a2', 'a3']);
    expect(messages).toHaveLength(1);
  });
});
