/** nftables is reached however many descriptors the engine has open. */
import { afterEach, expect, test } from 'vitest';
import { close, open } from '../../../src/kernel/files.ts';
import { nft, nftList } from '../../../src/kernel/nftables.ts';

const opened: number[] = [];
afterEach(() => {
  for (const fd of opened.splice(0)) close(fd);
  nft([{ add: { table } }, { delete: { table } }]);
});

const table = { family: 'inet', name: 'petri_descriptors' };
const take = () => opened.push(open('/', ['O_PATH', 'O_CLOEXEC']));
const isThere = () =>
  nftList({ tables: null }).some((each) => JSON.stringify(each).includes(table.name));

test('with more than a thousand descriptors open, where select(2) would end the process', () => {
  nft([{ add: { table } }]);
  while ((opened.at(-1) ?? 0) < 1100) take();
  expect(isThere()).toBe(true);
  nft([{ delete: { table } }]);
  expect(isThere()).toBe(false);
});
