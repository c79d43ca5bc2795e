/** The content store: whole or not there. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlobStore } from '../../src/image/blobs.ts';
import { digestOf } from '../../src/image/descriptor.ts';
import { Paths } from '../../src/store/paths.ts';

let paths: Paths;
let store: BlobStore;
beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), 'petri-blobs-'));
  paths = new Paths(join(root, 'data'), join(root, 'run'));
  await mkdir(paths.staging, { recursive: true });
  store = new BlobStore(paths);
  await store.open();
});
afterEach(() => rm(join(paths.data, '..'), { recursive: true }));

async function* pieces(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}
const hello = { digest: digestOf(Buffer.from('hello')), size: 5 };

test('what is staged becomes visible by commit, and is found by the next store', async () => {
  const staged = await store.stage(pieces('he', 'llo'), hello);
  expect(store.has(hello.digest)).toBe(false);
  await store.commit(staged);
  expect((await buffer(store.read(hello.digest))).toString()).toBe('hello');
  const next = new BlobStore(paths);
  await next.open();
  expect(next.sizeOf(hello.digest)).toBe(5);
  await next.remove(hello.digest);
  expect(await readdir(paths.blobs)).toEqual([]);
});

test('the same blob twice is one', async () => {
  await store.add(Buffer.from('hello'));
  await store.commit(await store.stage(pieces('hello')));
  expect(store.all()).toEqual([hello.digest]);
  expect(await readdir(paths.staging)).toEqual([]);
});

test.each([
  ['too short', ['hell'], /4 bytes came, 5 were announced/],
  ['too long', ['hello', '!'], /more bytes came/],
  ['another content', ['hallo'], /has the digest/],
])('%s: refused, nothing stays', async (_name, texts, words) => {
  await expect(store.stage(pieces(...texts), hello)).rejects.toThrow(words);
  expect(await readdir(paths.staging)).toEqual([]);
  expect(store.all()).toEqual([]);
});

test('a source that fails halfway leaves nothing', async () => {
  async function* broken() {
    yield Buffer.from('he');
    throw new Error('gone');
  }
  await expect(store.stage(broken(), hello)).rejects.toThrow('gone');
  expect(await readdir(paths.staging)).toEqual([]);
});
