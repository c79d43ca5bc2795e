/** docs/API.md, made from the table of routes and the table of options that are not built (pure). */
import type { Route } from './router.ts';
import { routes } from './routes.ts';
import { unbuilt } from './schema/unbuilt.ts';
import { apiVersion, apiVersionMin } from './versions.ts';

/** The text of docs/API.md; test/unit/api-reference.test.ts keeps the file equal to it. */
export function apiReference(): string {
  return [
    '# The Engine API as Petri serves it',
    '',
    'Made from `src/api/routes.ts` and `src/api/schema/unbuilt.ts` (`UPDATE=1 npx vitest run api-reference`).',
    '',
    `Versions ${apiVersionMin} to ${apiVersion}, with and without \`/vX.Y\` in front. Docker's own reference:`,
    'https://docs.docker.com/reference/api/engine/',
    '',
    ...common,
    '',
    '## Endpoints that answer',
    '',
    ...table(['Endpoint', 'State', 'Different from dockerd'], routes.filter(isBuilt).map(row)),
    '',
    '## Endpoints that answer 501',
    '',
    ...table(
      ['Endpoint', 'What is missing'],
      routes.filter((one) => !isBuilt(one)).map(missingRow),
    ),
    '',
    '## Options of `POST /containers/create` that answer 501',
    '',
    'Everything else of the body is kept and reads back from inspect as it was set.',
    '',
    ...table(
      ['Field', "docker's option"],
      unbuilt.map(([option, field]) => [`\`${field}\``, option]),
    ),
    '',
  ].join('\n');
}

const common = [
  '## For all endpoints',
  '',
  '* Errors are `{"message": …}`. What a client sends wrong is 400 (dockerd sometimes says 500), 413 beyond',
  '  8 MiB of JSON, 431 beyond 16 KiB of header; an unknown path is 404; what is not built is 501.',
  '* JSON is read strictly: keys that repeat, `__proto__`, a BOM, lone surrogates, numbers beyond 2⁵³, more than 64',
  '  levels are refused. `null` is the zero of every field, unknown fields are ignored.',
  '* Booleans of a query are `1`, `true`, `yes`, `0`, `false`, `no`, empty; another word is refused.',
  '* A connection is taken over with `Upgrade: tcp` (101), or without (200, raw). A request that offers an upgrade',
  '  where there is nothing to take over is an ordinary request.',
];

function isBuilt(route: Route): boolean {
  return route.state !== 'missing';
}

function row({ method, pattern, state, deviation }: Route): string[] {
  return [endpoint(method, pattern), state, deviation];
}

function missingRow({ method, pattern, deviation }: Route): string[] {
  return [endpoint(method, pattern), deviation];
}

function endpoint(method: string, pattern: string): string {
  return `\`${method} ${pattern.replace('*}', '}')}\``;
}

function table(head: string[], rows: string[][]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}
