import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../../src/api/strict-json.ts';

const parse = (text: string | number[]) => parseJson(Buffer.from(text as string));

test('reads every JSON value as JSON.parse does', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value, null, 1);
      fc.pre(
        !text.includes('__proto__') && !hasUnsafeNumber(value) && !/\p{Surrogate}/u.test(text),
      );
      if (/\\ud[89a-f]/i.test(text)) return;
      expect(parse(text)).toEqual(JSON.parse(text));
    }),
  );
});

test.each([
  ['empty', '', 'the body is empty'],
  ['blank', ' \n', 'the body is empty'],
  ['cut', '{"a":', 'a value is expected'],
  ['cut in a string', '"abc', 'ends inside a string'],
  ['two values', '{} {}', 'nothing may follow'],
  ['a comma too many', '[1,]', 'a value is expected'],
  ['no comma', '[1 2]', "',' is expected"],
  ['no colon', '{"a" 1}', "':' is expected"],
  ['a bare key', '{a:1}', 'a string is expected'],
  ['single quotes', "{'a':1}", 'a string is expected'],
  ['a comment', '{/**/}', 'a string is expected'],
  ['NaN', '{"a":NaN}', 'a value is expected'],
  ['Infinity', '[Infinity]', 'a value is expected'],
  ['a leading zero', '[01]', "',' is expected"],
  ['a plus', '[+1]', 'a value is expected'],
  ['beyond 2^53', '[9007199254740993]', 'out of range'],
  ['beyond a double', '[1e999]', 'out of range'],
  ['a repeated key', '{"a":1,"a":2}', 'the key "a" repeats'],
  ['a repeated key, escaped', '{"a":1,"\\u0061":2}', 'the key "a" repeats'],
  ['__proto__', '{"__proto__":{}}', 'is refused'],
  ['__proto__, escaped', '{"__pr\\u006fto__":{}}', 'is refused'],
  ['a lone surrogate', '["\\ud800"]', 'a lone surrogate'],
  ['a control character', '["\u0001"]', 'bad escape or a control character'],
  ['a bad escape', '["\\x41"]', 'bad escape or a control character'],
  ['65 levels', `${'['.repeat(66)}${']'.repeat(66)}`, 'nested deeper than 64'],
  ['100000 levels', '['.repeat(100_000), 'nested deeper than 64'],
  ['a BOM', [0xef, 0xbb, 0xbf, 0x7b, 0x7d], 'a value is expected'],
  ['bytes that are not UTF-8', [0x22, 0xff, 0x22], 'not UTF-8'],
  ['UTF-16', [0x7b, 0x00, 0x7d, 0x00], 'a string is expected'],
])('refuses %s', (_name, text, why) => {
  expect(() => parse(text)).toThrow(why);
});

test('64 levels and a string of 4 MiB are fine', () => {
  expect(() => parse(`${'['.repeat(64)}${']'.repeat(64)}`)).not.toThrow();
  expect(parse(JSON.stringify('x'.repeat(4 << 20)))).toHaveLength(4 << 20);
});

function hasUnsafeNumber(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(hasUnsafeNumber);
}
