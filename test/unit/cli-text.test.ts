import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEndpoint } from '../../src/api/client/endpoint.ts';
import { formatQuery, olderVersion } from '../../src/api/client/transport.ts';
import { escapeCell, escapeControl } from '../../src/cli/escape.ts';
import { formatPorts } from '../../src/cli/format/container.ts';
import { indentJson } from '../../src/cli/format/json.ts';
import { formatList } from '../../src/cli/format/list.ts';
import { parseDuration, parseMoment } from '../../src/cli/moment.ts';
import { splitReference } from '../../src/cli/reference.ts';
import { formatTable } from '../../src/cli/table.ts';
import { bytesSize, humanDuration, humanSize, parseBytes } from '../../src/cli/units.ts';

describe('units', () => {
  it.each([
    [0, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [3599, '59 minutes'],
    [3600, 'About an hour'],
    [5400, '2 hours'],
    [86400 * 2, '2 days'],
    [86400 * 14, '2 weeks'],
    [86400 * 60, '2 months'],
    [86400 * 365 * 2, '2 years'],
  ])('%d s is %s', (seconds, words) => expect(humanDuration(seconds)).toBe(words));

  it('writes sizes with three and four digits', () => {
    expect([0, 999, 1000, 1984000, 123456789].map((n) => humanSize(n))).toEqual([
      '0B',
      '999B',
      '1kB',
      '1.98MB',
      '123MB',
    ]);
    expect(bytesSize(25276514304)).toBe('23.54GiB');
  });

  it('reads sizes in powers of 1024', () => {
    expect(['1', '1k', '1.5G', '64MiB', '2tb'].map(parseBytes)).toEqual([
      1,
      1024,
      1610612736,
      67108864,
      2 * 1024 ** 4,
    ]);
    for (const wrong of ['', 'k', '-1', '1x', '1 2'])
      expect(() => parseBytes(wrong)).toThrow('invalid size');
  });
});

describe('tables', () => {
  it('are aligned as docker aligns them', () => {
    expect(
      formatTable([
        ['ID', 'NAMES'],
        ['0123456789ab', 'web'],
        ['é', 'x'],
      ]),
    ).toBe('ID             NAMES\n0123456789ab   web\né              x');
  });

  it('hold no byte that drives a terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is the claim
        expect(escapeControl(name)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
        expect(formatTable([[name, name]]).split('\n')).toHaveLength(1);
      }),
    );
    expect(escapeCell('\x1b]0;x\x07\n')).toBe('\\x1b]0;x\\x07\\n');
  });

  it('follow a template given with table', () => {
    const options = {
      contexts: [{ ID: 'a', Names: 'n' }],
      columns: [],
      headings: { ID: 'CONTAINER ID', Names: 'NAMES' },
      isQuiet: false,
    };
    expect(formatList({ ...options, format: 'table {{.ID}}\\t{{.Names}}' })).toBe(
      'CONTAINER ID   NAMES\na              n',
    );
    expect(formatList({ ...options, format: '{{json .}}' })).toBe('{"ID":"a","Names":"n"}');
    expect(formatList({ ...options, format: 'json' })).toBe('{"ID":"a","Names":"n"}');
  });

  it('join neighbouring ports', () => {
    const port = (PrivatePort: number, PublicPort?: number) => ({
      PrivatePort,
      Type: 'tcp',
      ...(PublicPort && { PublicPort, IP: '0.0.0.0' }),
    });
    expect(formatPorts([port(81), port(80)])).toBe('80-81/tcp');
    expect(formatPorts([port(80, 8080), port(81, 81), port(82, 82)])).toBe(
      '0.0.0.0:81-82->81-82/tcp, 0.0.0.0:8080->80/tcp',
    );
  });
});

describe('inspect', () => {
  it('lays JSON out as JSON.stringify does, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(indentJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 4));
      }),
    );
  });

  it('leaves big numbers and escapes as they are', () => {
    expect(indentJson('{"a":9223372036854775807,"b":"\\u003c"}')).toBe(
      '{\n    "a": 9223372036854775807,\n    "b": "\\u003c"\n}',
    );
  });
});

describe('words of the command line', () => {
  it('splits names of images', () => {
    expect(
      ['a', 'a:1', 'h:5000/a', 'h:5000/a:1', 'a@sha256:00', 'a:1@sha256:00'].map(splitReference),
    ).toEqual([
      { repository: 'a', tag: 'latest' },
      { repository: 'a', tag: '1' },
      { repository: 'h:5000/a', tag: 'latest' },
      { repository: 'h:5000/a', tag: '1' },
      { repository: 'a', tag: 'sha256:00' },
      { repository: 'a', tag: 'sha256:00' },
    ]);
  });

  it('reads moments', () => {
    expect(parseDuration('1h30m')).toBe(5400);
    expect(parseMoment('10s', 20_000)).toBe('10.000000000');
    expect(parseMoment('2026-01-01T00:00:00.5Z')).toBe('1767225600.500000000');
    expect(parseMoment('1700000000.25')).toBe('1700000000.25');
    expect(parseMoment('bogus')).toBeUndefined();
  });

  it('reads endpoints', () => {
    expect(parseEndpoint('unix:///a/b')).toMatchObject({ socketPath: '/a/b' });
    expect(parseEndpoint('tcp://[::1]:2375')).toMatchObject({ host: '::1', port: 2375 });
    for (const wrong of ['', 'unix://a', 'ssh://x', 'tcp://x'])
      expect(() => parseEndpoint(wrong)).toThrow('cannot use');
  });

  it('agrees on the older version and leaves out what is not set', () => {
    expect([olderVersion('1.41', '1.47'), olderVersion('1.100', '1.47')]).toEqual(['1.41', '1.47']);
    expect(formatQuery({ a: 1, b: undefined, c: false, d: true, e: 'x&y' })).toBe(
      '?a=1&d=1&e=x%26y',
    );
  });
});
