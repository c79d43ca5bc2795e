import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DetachFilter, parseDetachKeys } from '../../src/api/client/detach.ts';
import { detachKeys, detachSequence } from '../../src/api/detach-keys.ts';

/** What gets through, with `!` behind it when the keys were found. */
async function typed(input: readonly string[], keys = 'ctrl-p,ctrl-q'): Promise<string> {
  const source = new PassThrough();
  let times = '';
  const filter = new DetachFilter(parseDetachKeys(keys), () => {
    times += '!';
  });
  const passed = text(source.pipe(filter));
  for (const part of input) source.write(part);
  source.end();
  return `${await passed}${times}`;
}

/** The same of text that is in one piece. */
function expected(input: string, keys: string): string {
  const at = input.indexOf(String.fromCharCode(...parseDetachKeys(keys)));
  return at < 0 ? input : `${input.slice(0, at)}!`;
}

function cutAt(input: string, places: readonly number[]): string[] {
  const cuts = [...new Set(places.map((place) => place % (input.length + 1)))].sort(
    (a, b) => a - b,
  );
  return [0, ...cuts].map((from, i) => input.slice(from, cuts[i] ?? input.length));
}

describe('detach keys', () => {
  it.each([
    [['ab\x10\x11cd'], 'ab!'],
    [['a\x10', '\x11'], 'a!'],
    [['a\x10', '\x11', 'b\x10\x11'], 'a!'],
    [['\x10x\x11'], '\x10x\x11'],
    [['\x10\x10\x11'], '\x10!'],
    [['a\x10'], 'a\x10'],
  ])('%j passes %j', async (input, passed) => expect(await typed(input)).toBe(passed));

  it('can be others, of which one may begin inside another', async () => {
    expect(await typed(['xab'], 'a,b')).toBe('x!');
    expect(await typed(['aa', 'ab'], 'a,a,b')).toBe('a!');
    expect(await typed(['x'], 'x')).toBe('!');
  });

  it('are found wherever the bytes are cut, and nothing else is held back', async () => {
    const letters = fc.constantFrom('a', 'b', 'c');
    const keys = fc.array(letters, { minLength: 1, maxLength: 6 }).map((each) => each.join(','));
    const input = fc.array(letters, { maxLength: 40 }).map((each) => each.join(''));
    await fc.assert(
      fc.asyncProperty(keys, input, fc.array(fc.nat()), async (sequence, all, places) => {
        expect(await typed(cutAt(all, places), sequence)).toBe(expected(all, sequence));
      }),
      { numRuns: 500 },
    );
  });

  it('are bytes; what is none is refused with docker’s words', () => {
    expect(parseDetachKeys('ctrl-a,x,ctrl-@,ctrl-_,CTRL-Z')).toEqual([1, 120, 0, 31, 26]);
    expect(detachKeys('')).toHaveLength(0);
    expect(detachSequence('')).toEqual([16, 17]);
    for (const wrong of ['ctrl-1', 'ctrl-', ',', 'ab', 'é', 'ctrl-p,'])
      expect(() => detachKeys(wrong)).toThrow(`Invalid escape keys (${wrong}) provided`);
  });
});
