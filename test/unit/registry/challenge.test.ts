/** The header WWW-Authenticate, as registries and those who mean harm write it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChallenges } from '../../../src/image/registry/challenge.ts';
import { cpuMs } from '../../support/cpu-time.ts';

describe('a challenge', () => {
  test.each<[string[], [string, Record<string, string>][]]>([
    [
      ['Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'],
      [['bearer', { realm: 'https://auth.docker.io/token', service: 'registry.docker.io' }]],
    ],
    [
      [
        'Bearer realm="https://a/t",service="s",scope="repository:x/y:pull,push",error="insufficient_scope"',
      ],
      [
        [
          'bearer',
          {
            realm: 'https://a/t',
            service: 's',
            scope: 'repository:x/y:pull,push',
            error: 'insufficient_scope',
          },
        ],
      ],
    ],
    [
      ['Basic realm="a \\"quoted\\" realm, with comma"'],
      [['basic', { realm: 'a "quoted" realm, with comma' }]],
    ],
    [['BASIC  REALM = x , Charset=UTF-8'], [['basic', { realm: 'x', charset: 'UTF-8' }]]],
    [
      ['Basic realm="x", Bearer realm="y"'],
      [
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'y' }],
      ],
    ],
    [
      ['Basic realm="x"', 'Bearer realm="y"'],
      [
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'y' }],
      ],
    ],
    [
      ['Negotiate, Basic realm="x"'],
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      ['NTLM abc==, Basic realm="x"'],
      [
        ['ntlm', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      ['Bearer realm=https://auth/token,service=s'],
      [['bearer', { realm: 'https://auth/token', service: 's' }]],
    ],
    // The first of a name counts.
    [
      ['Bearer realm="https://good/",realm="https://evil/"'],
      [['bearer', { realm: 'https://good/' }]],
    ],
    [['Bearer realm="unfinished'], [['bearer', {}]]],
    [[''], []],
    [[',,, ,'], []],
    [['="x"'], []],
  ])('%j', (headers, expected) => {
    const found = parseChallenges(headers).map(({ scheme, parameters }) => [
      scheme,
      { ...parameters },
    ]);
    expect(found).toEqual(expected);
  });

  test('whatever was quoted comes back', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const value = fc.string({ unit: fc.constantFrom(...'ab "\\,=;:/\t') });
    const scheme = fc.stringMatching(/^[a-z]{1,8}$/);
    const challenge = fc.tuple(
      scheme,
      fc.dictionary(name, value, { minKeys: 1, noNullPrototype: true }),
    );
    fc.assert(
      fc.property(fc.array(challenge, { minLength: 1, maxLength: 4 }), (challenges) => {
        const header = challenges
          .map(([one, parameters]) => {
            const pairs = Object.entries(parameters).map(
              ([key, text]) => `${key}="${text.replace(/["\\]/g, '\\$&')}"`,
            );
            return `${one} ${pairs.join(', ')}`;
          })
          .join(', ');
        const found = parseChallenges([header]);
        expect(found.map((one) => [one.scheme, { ...one.parameters }])).toEqual(challenges);
      }),
    );
  });

  test('any text at all is parsed in time that grows with its length alone', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'aB="\\, \t~/'), maxLength: 300 }),
        (text) => {
          for (const { scheme } of parseChallenges([text])) expect(scheme).toMatch(/^\S+$/);
        },
      ),
      { numRuns: 2000 },
    );
    for (const piece of ['a="', 'a =', '\\"', 'a,', 'Basic ', '="x",']) {
      expect(cpuMs(() => parseChallenges([piece.repeat(5000)]))).toBeLessThan(2000);
    }
  });
});
