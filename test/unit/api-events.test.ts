/** A hundred thousand events: who reads has each once and in order, who does not read is cut off, and delays nobody. */
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call, openTestApi, type TestApi } from '../support/api.ts';

const COUNT = 100_000;
let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

async function subscribe(): Promise<Socket> {
  const socket = createConnection(api.socketPath);
  socket.on('error', () => undefined);
  socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((resolve) => socket.once('readable', resolve));
  return socket;
}

/** Collects the numbers in the events' ids as they come, until there are so many. */
async function read(socket: Socket, numbers: number[]): Promise<void> {
  for await (const line of createInterface({ input: socket })) {
    const [, number] = /"Actor":\{"ID":"(\d+)"/.exec(line) ?? [];
    if (number !== undefined) numbers.push(Number(number));
    if (numbers.length === COUNT) break;
  }
}

function emit(i: number): void {
  const attributes = { image: 'busybox', name: 'calm_yeast', padding: 'x'.repeat(100) };
  api.engine.events.emit({
    type: 'container',
    action: 'start',
    id: String(i),
    attributes,
    timeNs: 1n,
  });
}

test('all of them, once and in order, to each who reads', async () => {
  const readers = await Promise.all([subscribe(), subscribe()]);
  const stalled = await subscribe();
  const cut = new Promise((resolve) => stalled.once('close', resolve));
  const heard: [number[], number[]] = [[], []];
  const reading = readers.map((socket, i) => read(socket, heard[i] as number[]));
  for (let i = 0; i < COUNT; i++) {
    emit(i);
    // Who reads is given the time to; the other one has it too.
    while (Math.min(...heard.map(({ length }) => length)) < i - 3000) await turn();
  }
  await Promise.all(reading);
  const expected = Array.from({ length: COUNT }, (_, i) => i);
  expect(heard).toEqual([expected, expected]);
  for (const socket of readers) socket.destroy();
  // It was never read; what the engine had sent is in the socket, and then comes its end.
  stalled.resume();
  await cut;
  const { body } = await call(api, 'GET', '/events?since=0.000000001&until=1');
  expect(
    body
      .trim()
      .split('\n')
      .filter((line) => line.includes('"Action"')),
  ).toHaveLength(256);
}, 60_000);
