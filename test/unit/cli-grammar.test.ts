/** The grammar of the command line, of templates, filters and times, by properties rather than by cases. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Filters } from '../../src/api/filters.ts';
import { Query } from '../../src/api/query.ts';
import { CommandError, UsageError } from '../../src/cli/errors.ts';
import { parseFilters } from '../../src/cli/filters.ts';
import { canonical, type FlagSpec, parseValue } from '../../src/cli/flags.ts';
import { parseDuration, parseMoment } from '../../src/cli/moment.ts';
import { createBody } from '../../src/cli/run/body.ts';
import { runFlags } from '../../src/cli/run/flags.ts';
import { compile } from '../../src/cli/template/template.ts';
import { parseBytes } from '../../src/cli/units.ts';
import { InvalidError } from '../../src/errors/errors.ts';
import { readFlags } from '../support/cli-flags.ts';

const valued = runFlags.filter(({ value, bare }) => value && bare === undefined);
const switches = runFlags.filter(({ value }) => !value);
const shortSwitches = switches.filter(({ short }) => short);
const shortValued = valued.filter(({ short }) => short);

const word = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '-',
    '--',
    '-i',
    '--rm',
    '=',
    '-=',
    '--=',
    '--name=',
    '-e',
    '-eA=b',
    'image',
    '\n',
  ),
  fc.constantFrom(...runFlags).map(({ long }) => `--${long}`),
  fc
    .tuple(fc.constantFrom(...runFlags), fc.string())
    .map(([{ long }, text]) => `--${long}=${text}`),
);

const flagsOf = (...line: string[]): string[] => canonical(line, runFlags, false).flags;

describe('flags', () => {
  it('--flag=value and --flag value are the same, whatever the value', () => {
    fc.assert(
      fc.property(fc.constantFrom(...valued), fc.string(), ({ long }, text) => {
        expect(flagsOf(`--${long}`, text, 'image')).toEqual([`--${long}=${text}`]);
        expect(flagsOf(`--${long}=${text}`, 'image')).toEqual([`--${long}=${text}`]);
      }),
    );
  });

  it('-f value, -fvalue and -f=value are the same as the long form', () => {
    fc.assert(
      fc.property(fc.constantFrom(...shortValued), fc.string({ minLength: 1 }), (spec, text) => {
        const long = [`--${spec.long}=${text}`];
        expect(flagsOf(`-${spec.short}`, text, 'image')).toEqual(long);
        expect(flagsOf(`-${spec.short}=${text}`, 'image')).toEqual(long);
        if (!text.startsWith('=')) expect(flagsOf(`-${spec.short}${text}`, 'image')).toEqual(long);
      }),
    );
  });

  it('switches may be joined, and a flag with a value may end them', () => {
    const some = fc.array(fc.constantFrom(...shortSwitches), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(some, fc.constantFrom(...shortValued), fc.string(), (list, last, text) => {
        const letters = list.map(({ short }) => short).join('');
        const long = list.map((spec) => `--${spec.long}=true`);
        expect(flagsOf(`-${letters}`, 'image')).toEqual(long);
        expect(flagsOf(`-${letters}${last.short}`, text, 'image')).toEqual([
          ...long,
          `--${last.long}=${text}`,
        ]);
      }),
    );
  });

  it('end at the image: nothing behind it is read', () => {
    fc.assert(
      fc.property(fc.array(word), fc.stringMatching(/^[a-z][a-z0-9]*$/), (rest, image) => {
        const { flags, operands } = canonical(['--rm', image, ...rest], runFlags, false);
        expect({ flags, operands }).toEqual({ flags: ['--rm=true'], operands: [image, ...rest] });
      }),
    );
  });

  it('end at --, and what follows is all operands', () => {
    fc.assert(
      fc.property(fc.array(word), fc.boolean(), (rest, isInterspersed) => {
        const { operands } = canonical(['-i', '--', ...rest], runFlags, isInterspersed);
        expect(operands).toEqual(rest);
      }),
    );
  });

  it('written in their plain form again read the same', () => {
    fc.assert(
      fc.property(fc.array(word), fc.boolean(), (line, isInterspersed) => {
        const read = attempt(() => canonical(line, runFlags, isInterspersed));
        if (!read) return;
        const plain = [...read.flags, '--', ...read.operands];
        expect(canonical(plain, runFlags, isInterspersed)).toEqual(read);
      }),
      { numRuns: 2000 },
    );
  });

  it('never fail but by a usage error that names the word, up to the body of create', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (line) => {
        const read = attempt(() => readFlags(line));
        if (read) attempt(() => createBody(read.operands, read.flags, {}));
      }),
      { numRuns: 3000 },
    );
  });

  it('with any text as value are taken or refused by name', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        '-1',
        '1e9',
        '0x1',
        '99999999999999999999',
        '1.5',
        ':',
        '=',
        ',',
        'a=b',
        'type=bind',
        '\0',
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...runFlags.filter(isPure)), text, (spec, value) => {
        try {
          parseValue(spec, value);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          expect((error as Error).message).toContain(`--${spec.long}" flag: `);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

/** Reads no file. */
function isPure({ long }: FlagSpec): boolean {
  return long !== 'env-file' && long !== 'label-file';
}

/** Undefined when it ends in an error that is meant to be shown. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).not.toBe('');
    return undefined;
  }
}

describe('templates', () => {
  const value = {
    Name: '/web',
    Count: 3,
    Big: 2 ** 40,
    Tiny: -1.5,
    Yes: true,
    Nothing: null,
    List: ['a', 'b', '\ud800'],
    Map: { x: '1', 'y z': null },
    Deep: { er: { est: [1, 2, 3] } },
  };
  const field = fc.constantFrom(
    '.',
    '.Name',
    '.Count',
    '.Big',
    '.Tiny',
    '.Yes',
    '.Nothing',
    '.List',
    '.Map',
    '.Deep.er.est',
    '.NoSuch',
    '$',
    '$x',
    '.Map.x.y',
  );
  const literal = fc.constantFrom(
    '0',
    '1',
    '-1',
    '3',
    '1e9',
    '99999999999',
    '1.5',
    '"a"',
    '`b`',
    '"%s"',
    '"%d %v"',
    '"%99999999999d"',
    '"%.200f"',
    '"%c"',
    '"%q"',
    '"%x"',
    '"%e"',
    '"%.999g"',
    '"%-20s|"',
    '","',
    'true',
    'nil',
    "'c'",
  );
  const name = fc.constantFrom(
    'json',
    'join',
    'split',
    'upper',
    'lower',
    'title',
    'truncate',
    'pad',
    'print',
    'println',
    'printf',
    'len',
    'index',
    'slice',
    'not',
    'and',
    'or',
    'eq',
    'ne',
    'lt',
    'le',
    'gt',
    'ge',
    'urlquery',
    'nosuch',
  );
  const { pipeline, block } = fc.letrec<{
    operand: string;
    command: string;
    pipeline: string;
    block: string;
  }>((tie) => ({
    operand: fc.oneof(
      { maxDepth: 4 },
      field,
      literal,
      tie('pipeline').map((inner) => `(${inner})`),
    ),
    command: fc.oneof(
      fc
        .tuple(name, fc.array(tie('operand'), { maxLength: 3 }))
        .map(([called, args]) => [called, ...args].join(' ')),
      tie('operand'),
    ),
    pipeline: fc
      .array(tie('command'), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join(' | ')),
    block: fc.oneof(
      { maxDepth: 4 },
      fc.string({ maxLength: 5 }),
      tie('pipeline').map((inner) => `{{${inner}}}`),
      tie('pipeline').map((inner) => `{{$x := ${inner}}}{{$x}}`),
      fc
        .tuple(
          fc.constantFrom('if', 'with', 'range', 'range $i, $x :='),
          tie('pipeline'),
          tie('block'),
          tie('block'),
        )
        .map(
          ([word, inner, body, otherwise]) =>
            `{{${word} ${inner}}}${body}{{else}}${otherwise}{{end}}`,
        ),
      fc.constantFrom('{{break}}', '{{continue}}', '{{- 1 -}}', '{{/* c */}}'),
      fc.tuple(tie('block'), tie('block')).map((parts) => parts.join('')),
    ),
  }));

  it('that are made by the grammar print something or say what is wrong, soon', () => {
    fc.assert(
      fc.property(block, (source) => {
        const started = process.cpuUsage();
        try {
          expect(typeof compile(source)(value)).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(CommandError);
          expect((error as Error).message).toMatch(/^failed to (parse|execute) template: ./);
        }
        // Of the processor: others may want it too.
        expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
      }),
      { numRuns: 5000 },
    );
  });

  it('do not depend on blanks inside their braces', () => {
    const result = (source: string): string => {
      try {
        return compile(source)(value);
      } catch (error) {
        return (error as Error).message;
      }
    };
    fc.assert(
      fc.property(pipeline, (inner) => {
        expect(result(`{{  ${inner}\t}}`)).toBe(result(`{{${inner}}}`));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['parentheses', `{{${'('.repeat(100_000)}1`],
    ['blocks', '{{if true}}'.repeat(50_000)],
    ['else ifs', `{{if false}}${'{{else if false}}'.repeat(50_000)}{{end}}`],
    ['a count without end', '{{range 99999999999}}x{{end}}'],
    ['a count without end over nothing', '{{range 99999999999}}{{end}}'],
    ['a width without end', '{{printf "%999999999999s" .Name}}'],
    ['counts in counts', '{{range 100000}}{{range 100000}}x{{end}}{{end}}'],
    ['many blanks', `{{${' '.repeat(200_000)}`],
    ['many backslashes', `{{"${'\\'.repeat(200_001)}`],
  ])('of %s without end are refused', (_name, source) => {
    expect(() => compile(source)(value)).toThrow(/^failed to (parse|execute) template: ./);
  });
});

describe('filters', () => {
  const key = fc.stringMatching(/^[a-z][a-z!-]{0,10}$/);
  const text = fc
    .string({ unit: 'grapheme' })
    .filter((one) => one.trim() === one && !one.includes('\0') && !/\p{Surrogate}/u.test(one));

  it('come through the command line and the query as they were, in both of their forms', () => {
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.uniqueArray(text, { minLength: 1, maxLength: 4 }), { maxKeys: 4 }),
        (wanted) => {
          const line = Object.entries(wanted).flatMap(([name, values]) =>
            values.map((value) => `${name}=${value}`),
          );
          const parsed = parseFilters(line);
          expect(parsed).toEqual({ ...wanted });
          const asMap = Object.fromEntries(
            Object.entries(parsed).map(([name, values]) => [
              name,
              Object.fromEntries(values.map((value) => [value, true])),
            ]),
          );
          if ('__proto__' in asMap) return;
          for (const form of [parsed, asMap]) {
            const isRefused = JSON.stringify(form).includes('"__proto__"');
            const query = () =>
              new Filters(
                new Query(new URLSearchParams({ filters: JSON.stringify(form) }).toString()),
                Object.keys(wanted),
              );
            if (isRefused) continue;
            const filters = query();
            for (const [name, values] of Object.entries(wanted))
              expect([...filters.values(name)].sort()).toEqual([...values].sort());
          }
        },
      ),
    );
  });

  it('that are anything are read or refused as invalid', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.constantFrom('{', '[]', '{"a":1}'),
    );
    fc.assert(
      fc.property(anything, (filters) => {
        try {
          new Filters(new Query(new URLSearchParams({ filters }).toString()), ['a', 'label']);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('times', () => {
  const units = { ns: 1e-9, us: 1e-6, µs: 1e-6, μs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 } as const;
  const now = Date.parse('2026-06-15T12:00:00Z');

  it('durations: each number with its unit, in any order, as Go reads them', () => {
    const part = fc.tuple(
      fc.nat(9999),
      fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
    );
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('', '-', '+'),
        (parts, sign) => {
          const seconds = parts.reduce((sum, [count, unit]) => sum + count * units[unit], 0);
          const text = sign + parts.map(([count, unit]) => `${count}${unit}`).join('');
          expect(parseDuration(text)).toBeCloseTo(sign === '-' ? -seconds : seconds, 6);
        },
      ),
    );
  });

  it.each<[string, number | undefined]>([
    ['1h30m', 5400],
    ['1.5h', 5400],
    ['.5s', 0.5],
    ['1.s', 1],
    ['-1m', -60],
    ['+5s', 5],
    ['0', 0],
    ['-0', 0],
    ['1h1h', 7200],
    ['', undefined],
    ['1', undefined],
    ['s', undefined],
    ['.s', undefined],
    ['1h ', undefined],
    ['1 h', undefined],
    ['1d', undefined],
    ['--1s', undefined],
    ['1h-1m', undefined],
    ['1e3s', undefined],
    ['0x1s', undefined],
  ])('the duration %j is %s seconds', (text, seconds) => {
    const parsed = parseDuration(text);
    if (seconds === undefined) expect(parsed).toBeUndefined();
    else expect(parsed).toBeCloseTo(seconds, 9);
  });

  it.each<[string, string | undefined]>([
    ['2026-01-02T03:04:05.123456789Z', '1767323045.123456789'],
    ['2026-01-02T03:04:05Z', '1767323045.000000000'],
    ['2026-01-02T03:04Z', '1767323040.000000000'],
    ['2026-01-02T03Z', '1767322800.000000000'],
    ['2026-01-02Z', '1767312000.000000000'],
    ['2026-01-02T05:04:05+02:00', '1767323045.000000000'],
    ['1767323045', '1767323045'],
    ['1767323045.5', '1767323045.5'],
    ['0', '0'],
    ['10m', String(now / 1000 - 600)],
    ['2026-02-30', undefined],
    ['2026-13-01', undefined],
    ['2026-1-1', undefined],
    ['20260101', '20260101'],
    ['2026-01-02 03:04:05', undefined],
    ['yesterday', undefined],
    ['', undefined],
    ['-1', undefined],
    ['1.0000000001', undefined],
  ])('the moment %j is %s', (text, seconds) => {
    const parsed = parseMoment(text, now);
    if (seconds === undefined) expect(parsed).toBeUndefined();
    else expect(Number(parsed)).toBeCloseTo(Number(seconds), 6);
  });

  it('moments: what RFC 3339 can write comes back to the nanosecond', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4102444800 }),
        fc.nat(999_999_999),
        (seconds, fraction) => {
          const digits = String(fraction).padStart(9, '0');
          const text = `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${digits}Z`;
          expect(parseMoment(text)).toBe(`${seconds}.${digits}`);
          expect(
            new Query(new URLSearchParams({ since: text }).toString()).nanoseconds('since'),
          ).toBe(BigInt(seconds) * 1_000_000_000n + BigInt(fraction));
        },
      ),
    );
  });

  it('any text is a moment or is refused', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.:TZhms ]{0,30}$/));
    fc.assert(
      fc.property(text, (since) => {
        expect(['string', 'undefined']).toContain(typeof parseMoment(since));
        const query = new Query(new URLSearchParams({ since }).toString());
        for (const read of [() => query.nanoseconds('since'), () => query.time('since')])
          try {
            read();
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidError);
          }
      }),
      { numRuns: 3000 },
    );
  });

  it('sizes: a number with each unit, in both cases, is so many bytes', () => {
    const unit = fc.constantFrom('', 'b', 'k', 'm', 'g', 't', 'K', 'M', 'kb', 'MB', 'KiB', 'gib');
    fc.assert(
      fc.property(fc.nat(1000), unit, (count, text) => {
        const power = ' kmgt'.indexOf(text[0]?.toLowerCase().replace('b', ' ') ?? ' ');
        expect(parseBytes(`${count}${text}`)).toBe(count * 1024 ** power);
      }),
    );
  });
});
