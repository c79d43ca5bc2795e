import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDetail } from '../../src/cli/format/detail.ts';
import { compile } from '../../src/cli/template/template.ts';

const container = {
  Name: '/web',
  State: { Status: 'running', Running: true, ExitCode: 0, Health: null },
  Config: { Env: ['A=b', 'C=d'], Labels: { x: '1', y: '2' }, Cmd: null, Tty: false },
  Sizes: [3, 5],
};

/** Each template with what Go's text/template (and docker's functions) print for it. */
const examples: readonly [string, string][] = [
  ['plain', 'plain'],
  ['{{.Name}}', '/web'],
  ['{{.State.Status}} {{.State.ExitCode}}', 'running 0'],
  ['{{json .Config.Labels}}', '{"x":"1","y":"2"}'],
  ['{{.Config.Labels}}', 'map[x:1 y:2]'],
  ['{{.Config.Env}}', '[A=b C=d]'],
  ['{{.Config.Cmd}}', '<nil>'],
  ['{{range .Config.Env}}{{println .}}{{end}}', 'A=b\nC=d\n'],
  ['{{range $i, $e := .Config.Env}}{{$i}}:{{$e}};{{end}}', '0:A=b;1:C=d;'],
  ['{{range $k, $v := .Config.Labels}}{{$k}}{{$v}}{{end}}', 'x1y2'],
  ['{{range .Config.Cmd}}x{{else}}none{{end}}', 'none'],
  ['{{range .Sizes}}{{if eq . 5}}{{break}}{{end}}{{.}}{{end}}', '3'],
  ['{{if .State.Running}}up{{else}}down{{end}}', 'up'],
  ['{{if .Config.Tty}}a{{else if .State.Running}}b{{else}}c{{end}}', 'b'],
  ['{{with .State}}{{.Status}}/{{$.Name}}{{end}}', 'running//web'],
  ['{{with .State.Health}}h{{else}}none{{end}}', 'none'],
  ['{{index .Config.Labels "x"}}{{index .Config.Labels "zz"}}', '1'],
  ['{{index .Config.Env 1}}', 'C=d'],
  ['{{join .Config.Env ","}}', 'A=b,C=d'],
  ['{{.Name | upper | printf "%s!"}}', '/WEB!'],
  ['{{printf "%-6s|%4d|%q|%v|%5.1f|%%" .Name 7 "a" true 2.25}}', '/web  |   7|"a"|true|  2.3|%'],
  ['{{len .Config.Env}}{{len .Name}}', '24'],
  ['{{lower "AB"}}{{title "ab cd"}}{{truncate "abcdef" 3}}{{pad "x" 1 2}}|', 'abAb Cdabc x  |'],
  ['{{split "a,b" ","}}', '[a b]'],
  ['{{and true 0}} {{or "" "x"}} {{not .Name}}', '0 x false'],
  [
    '{{eq 1 2 1}} {{ne "a" "b"}} {{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge "b" "a"}}',
    'true true true true false true',
  ],
  ['{{$x := .Name}}{{$x}}{{$x = "n"}}{{$x}}', '/webn'],
  ['{{(index .Sizes 0)}}{{(.State).Status}}', '3running'],
  ['a {{- .Name -}} b', 'a/webb'],
  ['{{/* nothing */}}x', 'x'],
  ['{{`raw "x"`}}{{"q\\"\\n"}}', 'raw "x"q"\n'],
];

const mistakes: readonly [string, RegExp][] = [
  ['{{.Foo}}', /no field Foo/],
  ['{{.Name.X}}', /can't evaluate field X in a string/],
  ['{{.State.Health.X}}', /nil pointer/],
  ['{{.Name', /unclosed action/],
  ['{{if .Name}}', /has no {{end}}/],
  ['{{end}}', /unexpected {{end}}/],
  ['{{nosuch .}}', /function "nosuch" not defined/],
  ['{{constructor}}', /function "constructor" not defined/],
  ['{{.constructor}}', /no field constructor/],
  ['{{"abc}}', /unterminated quoted string/],
  ['{{index .Sizes 9}}', /out of range/],
  ['{{$y}}', /undefined variable/],
  ['{{(.Name}}', /unclosed left paren/],
  ['{{join .Name}}', /wrong number of args/],
];

describe('templates', () => {
  it.each(examples)('%s', (source, expected) => {
    expect(compile(source)(container)).toBe(expected);
  });

  it.each(mistakes)('says what is wrong with %s', (source, message) => {
    expect(() => compile(source)(container)).toThrow(message);
  });

  it('never fails but with a message about the template', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '.',
      'Name',
      ' ',
      '|',
      '(',
      ')',
      '"',
      'if',
      'end',
      '$',
      ':=',
      'range',
      'json',
      '-',
      '1',
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          compile(pieces.join(''))(container);
        } catch (error) {
          expect((error as Error).message).toMatch(/^failed to (parse|execute) template: /);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('an engine’s JSON', () => {
  const detail = parseDetail('{"Env":null,"Labels":null,"PidsLimit":null,"Cmd":["x"]}');
  it.each([
    ['{{.Env}} {{len .Env}} {{json .Env}}', '[] 0 null'],
    ['{{.Labels}} {{json .Labels}} {{index .Labels "x"}}', 'map[] null '],
    ['{{.PidsLimit}} {{json .PidsLimit}}', '<nil> null'],
    ['{{if .Env}}a{{else}}b{{end}}{{range .Labels}}c{{end}}{{.Cmd}}', 'b[x]'],
    ['{{json .}}', '{"Env":null,"Labels":null,"PidsLimit":null,"Cmd":["x"]}'],
  ])('%s is %s', (template, text) => {
    expect(compile(template)(detail)).toBe(text);
  });
});
