/** The socket: never open to others, a stale one replaced, a living one and anything else left alone. */

import { lstatSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { listen } from '../../src/api/listen.ts';

const folder = mkdtempSync(join(tmpdir(), 'petri-listen-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const newPath = () => join(folder, `${count++}.sock`);
const modeOf = (path: string) => lstatSync(path).mode & 0o777;

test('has its mode from the moment of bind, whatever the umask', async () => {
  const path = newPath();
  const before = process.umask(0);
  const server = createServer();
  const modes: number[] = [];
  const bind = server.listen.bind(server);
  server.listen = ((...args: Parameters<typeof bind>) => {
    const result = bind(...args);
    modes.push(modeOf(path));
    return result;
  }) as typeof server.listen;
  await listen(server, `unix://${path}`);
  expect(process.umask(before)).toBe(0);
  expect([...modes, modeOf(path)]).toEqual([0o660, 0o660]);
  server.close();
});

test('a socket whose server has died is replaced', async () => {
  const path = newPath();
  const dead = createNetServer();
  await new Promise<void>((resolve) => dead.listen(`${path}.dead`, resolve));
  renameSync(`${path}.dead`, path);
  dead.close();
  const server = createServer();
  expect(await listen(server, `unix://${path}`)).toBe(path);
  server.close();
});

test('a socket with a living server is not', async () => {
  const path = newPath();
  const first = createServer();
  await listen(first, `unix://${path}`);
  await expect(listen(createServer(), `unix://${path}`)).rejects.toThrow(
    'another process serves it',
  );
  expect(first.listening).toBe(true);
  first.close();
});

test.each([
  [
    'a file',
    () => {
      const path = newPath();
      writeFileSync(path, '');
      return `unix://${path}`;
    },
    'is not a socket',
  ],
  ['tcp', () => 'tcp://0.0.0.0:2375', 'only unix:///absolute/path'],
  ['a relative path', () => 'unix://petri.sock', 'only unix:///absolute/path'],
  ['a long path', () => `unix:///${'a'.repeat(108)}`, 'at most 107 bytes'],
])('refuses %s', async (_name, address, why) => {
  await expect(listen(createServer(), address())).rejects.toThrow(why);
});
