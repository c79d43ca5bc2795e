import { describe, expect, test } from 'vitest';
import { lookUpIdentity } from '../../src/container/users.ts';

const PASSWD = [
  'root:x:0:0:root:/root:/bin/sh',
  'www:x:33:34:www:/var/www:/bin/false',
  '1000:x:0:0:a name of digits:/evil:/bin/sh',
  'broken:x:notanumber:0::/:',
  'huge:x:4294967296:0::/:',
  '# comment',
].join('\n');
const GROUP = [
  'root:x:0:',
  'wheel:x:10:root',
  'www:x:34:',
  'video:x:44:www,root',
  'bad:x::www',
].join('\n');

const look = (user: string, add: string[] = []) => lookUpIdentity(user, add, PASSWD, GROUP);

describe('a user is found in the container’s own files', () => {
  test.each([
    ['', { uid: 0, gid: 0, groups: [0, 10, 44], home: '/root' }],
    ['root', { uid: 0, gid: 0, groups: [0, 10, 44], home: '/root' }],
    ['www', { uid: 33, gid: 34, groups: [34, 44], home: '/var/www' }],
    ['33', { uid: 33, gid: 34, groups: [34, 44], home: '/var/www' }],
    ['www:video', { uid: 33, gid: 44, groups: [44], home: '/var/www' }],
    ['www:7', { uid: 33, gid: 7, groups: [7], home: '/var/www' }],
    ['1234', { uid: 1234, gid: 0, groups: [0], home: '/' }],
    ['1234:5678', { uid: 1234, gid: 5678, groups: [5678], home: '/' }],
    ['4294967294', { uid: 4294967294, gid: 0, groups: [0], home: '/' }],
  ])('%j', (user, identity) => {
    expect(look(user)).toEqual(identity);
  });

  test('digits are never a name: an entry called 1000 with uid 0 does not count', () => {
    expect(look('1000')).toEqual({ uid: 1000, gid: 0, groups: [0], home: '/' });
  });

  test('additional groups, by name and number', () => {
    expect(look('www', ['wheel', '77']).groups).toEqual([34, 44, 10, 77]);
  });
});

describe('what is no user is refused and never becomes root', () => {
  test.each([
    'nobody-here',
    'broken',
    'huge',
    '-1',
    '+1',
    '4294967295',
    '4294967296',
    '99999999999999999999',
    'www:nogroup',
    'www:4294967295',
    ' root',
    'root ',
    '0x0',
    '1e3',
    '０',
    'root\n',
    ':nogroup',
  ])('%j', (user) => {
    expect(() => look(user)).toThrow(/unable to find|invalid (user|group) id/);
  });
});
