/** Bad values by what they are for. Each list is of things that must be refused. */
import type { Kind } from './endpoints.ts';

/** Bodies that are not one strict JSON value (RFC 8259, RFC 7493). */
export const badJson: readonly [name: string, bytes: string | Buffer][] = [
  ['nothing but a blank', ' \n'],
  ['cut', '{"a":'],
  ['two values', '{} {}'],
  ['100 levels', `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`],
  ['100,000 levels', '['.repeat(100_000)],
  ['a key twice', '{"Image":"busybox","Image":"busybox"}'],
  ['a key twice, once escaped', '{"Image":"busybox","Imag\\u0065":"busybox"}'],
  ['__proto__', '{"__proto__":{"Image":"busybox"}}'],
  ['__proto__ inside', '{"HostConfig":{"__proto__":{"Privileged":true}}}'],
  ['NaN', '{"StopTimeout":NaN}'],
  ['Infinity', '{"StopTimeout":-Infinity}'],
  ['2^53 + 1', '{"StopTimeout":9007199254740993}'],
  ['1e999', '{"StopTimeout":1e999}'],
  ['a lone surrogate', '{"Image":"\\ud800"}'],
  ['a control character', '{"Image":"\u0001"}'],
  ['a byte order mark', Buffer.from('\ufeff{}')],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ['UTF-16', Buffer.from('{}', 'utf16le')],
  ['no JSON at all', 'Image=busybox'],
];

/** One strict JSON value, but not an object. */
export const notAnObject = ['[]', '[{}]', '7', 'true', '"busybox"', '-0.5'] as const;

/** Names and ids in a path, percent-encoded: nothing is called so. */
export const badNames: readonly string[] = [
  '..',
  '.',
  '..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f%2e%2e%2f',
  '%2fetc%2fpasswd',
  '..%5c..%5c',
  '%00',
  'a%00b',
  '%ff%fe',
  '%',
  '%zz',
  '%0d%0aX-Injected:%201',
  '%0a',
  '%1b%5b2J',
  '%20',
  '-',
  '--force',
  '*',
  '%7B%7D',
  '%D0%B0lpine',
  '%E2%80%AEgpj',
  '%F0%9F%92%A9',
  'a'.repeat(300),
  'a'.repeat(9000),
  'constructor',
  '__proto__',
  'hasOwnProperty',
  '$(id)',
  '%3Bid',
];

/** Image references that no grammar allows (distribution reference/regexp). */
export const badReferences: readonly string[] = [
  'UPPER',
  'a:b:c',
  'busybox:',
  ':latest',
  'busybox@',
  'busybox@sha256:abc',
  `busybox@sha256:${'g'.repeat(64)}`,
  'busybox@md5:abc',
  'a//b',
  '/a',
  'a/',
  '../a',
  'a b',
  'a\nb',
  '-a',
  '_a',
  'a:-x',
  `a:${'t'.repeat(129)}`,
  'x'.repeat(5 * 1024),
  '\u0430lpine',
  'http://a/b',
  ' ',
];

export const badSignals: readonly string[] = [
  'SIGFOO',
  'SIGKILL ',
  'sigkill;',
  '65',
  '-1',
  '9.5',
  '1e1',
  '9999999999999999999999',
  'constructor',
  '\u0001',
];

export const badContainerNames: readonly string[] = [
  'x',
  '-x',
  '.x',
  'a b',
  'a/b',
  '../../x',
  'a\nb',
  'a\u0000b',
  '\u0430pp',
  'a'.repeat(300),
  '//x',
];

const badFilters: readonly string[] = [
  '{',
  'x',
  '[]',
  '7',
  '"a"',
  '{"status":"exited"}',
  '{"label":7}',
  '{"label":[7]}',
  '{"label":[["a"]]}',
  '{"label":{"a":"b"}}',
  '{"label":["a"],"label":["b"]}',
  '{"__proto__":["a"]}',
  '{"no-such-filter":["a"]}',
  '{"constructor":["a"]}',
  `${'['.repeat(1000)}`,
];

const badTimes: readonly string[] = [
  'soon',
  '-5',
  '1h',
  '0x10',
  '1e9',
  '1.2.3',
  '2026-13-01',
  '2026-01-01T25:00:00Z',
  '99999999999999999999999999999',
  'NaN',
];

const badNumbers: readonly string[] = [
  'x',
  '1.5',
  '1e3',
  '0x10',
  '--1',
  '99999999999999999999',
  ' 1',
  'NaN',
];

/** Values of a query that must be refused, by what the parameter is. */
export const badQueries: Readonly<Record<Kind, readonly string[]>> = {
  flag: ['maybe', '2', 'truee', '\u0000', 'null', '1,1'],
  number: badNumbers,
  side: [...badNumbers, '-1', '65536'],
  time: badTimes,
  filters: badFilters,
  name: badContainerNames,
  reference: badReferences,
  // `docker pull -a` sends a name with a colon behind it.
  pulled: badReferences.filter((one) => one !== 'busybox:'),
  signal: badSignals,
  word: ['bogus', 'next-exit ', '\u0000'],
  text: ['\u0000', 'a\u0000b'],
};
