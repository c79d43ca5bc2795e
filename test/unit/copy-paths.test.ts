/** The pure rules of cp: what a path means, where a copy lands, Go's file modes, layers' marks. */
import { describe, expect, test } from 'vitest';
import { arrange, renamed } from '../../src/cli/copy/arrange.ts';
import { absolutePath, parsePlace, splitLast } from '../../src/cli/copy/paths.ts';
import { goMode } from '../../src/container/path-stat.ts';
import { baseName, cleanPath } from '../../src/container/root-path.ts';

test.each([
  ['a', '/a', 'a'],
  ['/a/', '/a/', 'a'],
  ['/a/.', '/a/.', '.'],
  ['/a/./', '/a/.', '.'],
  ['/', '/', '/'],
  ['.', '/.', '.'],
  ['/.', '/.', '.'],
  ['//a//b', '/a/b', 'b'],
  ['../../a', '/a', 'a'],
  ['/a/../b/', '/b/', 'b'],
  ['/a/..', '/', '/'],
  ['/a.', '/a.', 'a.'],
])('in a container %s is %s, its last name %s', (path, clean, base) => {
  expect(cleanPath(path)).toBe(clean);
  expect(baseName(clean)).toBe(base);
});

test.each([
  ['c:/a', 'c', '/a'],
  ['c:', 'c', ''],
  ['c:a:b', 'c', 'a:b'],
  ['/a:b', undefined, '/a:b'],
  ['./c:a', undefined, './c:a'],
  ['a', undefined, 'a'],
  ['-', undefined, '-'],
])('%s is the container %s and the path %s', (text, container, path) => {
  expect(parsePlace(text)).toEqual({ container, path });
});

test.each([
  ['a', '/w/a', '/w', 'a'],
  ['a/', '/w/a/', '/w', 'a'],
  ['a/.', '/w/a/.', '/w/a', '.'],
  ['.', '/w/.', '/w', '.'],
  ['/', '/', '/', '/'],
])('a local %s is %s', (text, absolute, folder, name) => {
  expect(absolutePath(text, '/w')).toBe(absolute);
  expect(splitLast(absolute)).toEqual({ folder, name });
});

describe("docker's matrix", () => {
  const file = { path: '/s/f', isFolder: false };
  const folder = { path: '/s/d', isFolder: true };
  const content = { path: '/s/d/.', isFolder: true };
  test.each([
    ['a file to a new name', file, '/t/x', undefined, { folder: '/t', from: 'f', to: 'x' }],
    ['a file into a folder', file, '/t', 'folder', { folder: '/t', from: 'f', to: 'f' }],
    ['a file over a file', file, '/t/x', 'file', { folder: '/t', from: 'f', to: 'x' }],
    ['a folder to a new name', folder, '/t/x', undefined, { folder: '/t', from: 'd', to: 'x' }],
    ['a folder to a new name/', folder, '/t/x/', undefined, { folder: '/t', from: 'd', to: 'x' }],
    ['a folder into a folder', folder, '/t', 'folder', { folder: '/t', from: 'd', to: 'd' }],
    ['content to a new name', content, '/t/x', undefined, { folder: '/t', from: '.', to: 'x' }],
    ['content into a folder', content, '/t', 'folder', { folder: '/t', from: '.', to: '.' }],
  ] as const)('%s', (_name, source, path, is, expected) => {
    expect(arrange(source, { path, is })).toEqual(expected);
  });

  test('what does not fit', () => {
    expect(() => arrange(folder, { path: '/t/x', is: 'file' })).toThrow('cannot copy directory');
    expect(() => arrange(file, { path: '/t/x/', is: undefined })).toThrow('no such directory');
  });
});

test.each([
  ['d/a', 'd', 'x', 'x/a'],
  ['d', 'd', 'x', 'x'],
  ['d/', 'd', 'x', 'x/'],
  ['dd/a', 'd', 'x', 'dd/a'],
  ['./a', '.', 'x', 'x/a'],
  ['/bin', '/', 'x', 'x/bin'],
])('%s with %s renamed to %s is %s', (path, from, to, expected) => {
  expect(renamed(Buffer.from(path), { folder: '/', from, to }).toString()).toBe(expected);
});

test.each([
  ['file', 0o644, 420],
  ['directory', 0o755, 2147484141],
  ['directory', 0o1777, 2148532735],
  ['symlink', 0o777, 134218239],
  ['char', 0o666, 69206454],
  ['fifo', 0o644, 33554852],
  ['file', 0o6755, 12583405],
] as const)("a %s of mode %o is Go's %i", (kind, mode, expected) => {
  expect(goMode({ kind, mode })).toBe(expected);
});
