/** Documents that speak of the code must agree with it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Paths } from '../../src/store/paths.ts';

const read = (path: string) => readFileSync(path, 'utf8');
const documents = readdirSync('docs', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)
  .concat('README.md');

/** Names of the getters of a class. */
function getters(prototype: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([, descriptor]) => descriptor.get)
    .map(([name]) => name);
}

test.each(documents)('every file of this repository that %s names is there', (document) => {
  // HEX, NAME and … stand for something; build/ and dist/ are made.
  const named = read(document).matchAll(
    /`((?:src|native|tools|test|docs|bin|rootfs-fixtures)\/[\w./-]*)`/g,
  );
  const missing = [...named]
    .map(([, path = '']) => path)
    .filter((path) => !path.includes('generated') && !existsSync(path));
  expect(missing).toEqual([]);
});

describe('docs/paths.md', () => {
  const table = read('docs/paths.md');
  const paths = new Paths('DATA', 'RUN');
  const container = paths.container('ID');

  test.each([
    ...getters(Paths.prototype).map((name) => paths[name as keyof Paths] as string),
    ...getters(Object.getPrototypeOf(container)).map(
      (name) => container[name as keyof typeof container],
    ),
  ])('says who writes %s', (path) => {
    const isSibling = table.includes(`\`${basename(path)}\``); // `hostname`, `hosts` share a row
    expect(table.includes(path) || isSibling).toBe(true);
  });
});

test('every target of the Makefile is in docs/HACKING.md or the README', () => {
  const text = read('docs/HACKING.md') + read('README.md');
  const targets = [...read('Makefile').matchAll(/^([a-z-]+):.*## /gm)].map(
    ([, name]) => name ?? '',
  );
  const unnamed = targets.filter((name) => name !== 'all' && !text.includes(`make ${name}`));
  expect(unnamed).toEqual([]);
});

test('no two decisions have one number', () => {
  const numbers = readdirSync('docs/decisions')
    .filter((name) => name.endsWith('.md'))
    .map((name) => Number(name.slice(0, 4)))
    .sort((a, b) => a - b);
  expect(numbers).toEqual([...new Set(numbers)]);
});
