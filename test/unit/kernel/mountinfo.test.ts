import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mountOf, parseMountinfo } from '../../../src/kernel/mountinfo.ts';

it('reads each field, with and without propagation', () => {
  const text = `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue
22 27 0:21 / /proc rw,relatime - proc proc rw
`;
  expect(parseMountinfo(text)).toEqual([
    {
      id: 36,
      parent: 35,
      device: '98:0',
      root: '/mnt1',
      target: '/mnt2',
      options: 'rw,noatime',
      propagation: ['master:1', 'shared:2'],
      fstype: 'ext3',
      source: '/dev/root',
      superOptions: 'rw,errors=continue',
    },
    expect.objectContaining({
      target: '/proc',
      propagation: [],
      fstype: 'proc',
      superOptions: 'rw',
    }),
  ]);
});

it('undoes the octal escapes of space, tab, newline and backslash, and no others', () => {
  const line = String.raw`36 35 98:0 / /a\040b\011c\012d\134e\0407 rw - tmpfs a\040b rw`;
  expect(parseMountinfo(line)[0]).toMatchObject({ target: '/a b\tc\nd\\e 7', source: 'a b' });
});

it('finds the mount on which a path lies, the last of several on one place', () => {
  const at = (target: string, id: number) => `${id} 1 0:1 / ${target} rw - tmpfs x rw`;
  const mounts = parseMountinfo(
    [at('/', 1), at('/a', 2), at('/ab', 3), at('/a/b', 4), at('/a', 5)].join('\n'),
  );
  const of = (path: string) => mountOf(mounts, path)?.id;
  expect(['/', '/c', '/a', '/a/x', '/abc', '/ab/c', '/a/b', '/a/b/c'].map(of)).toEqual([
    1, 1, 5, 5, 1, 3, 4, 4,
  ]);
});

it('reads back any path the kernel can escape', () => {
  const escaped = (text: string) =>
    text.replace(/[ \t\n\\]/g, (each) => `\\${each.charCodeAt(0).toString(8).padStart(3, '0')}`);
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (path) => {
      const line = `36 35 98:0 / /${escaped(path)} rw shared:1 - tmpfs none rw`;
      expect(parseMountinfo(line)[0]).toMatchObject({ target: `/${path}`, fstype: 'tmpfs' });
    }),
  );
});
