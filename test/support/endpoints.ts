/**
 * Every endpoint with what it takes, for tests that send each of them something bad. Made from the table of routes: one
 * that is built and not described here fails the tests, so that no new one is left out.
 */
import type { Route } from '../../src/api/router.ts';
import { routes } from '../../src/api/routes.ts';

/** What a parameter of the query may be; decides which values are bad. */
export type Kind =
  | 'flag'
  | 'number'
  | 'side'
  | 'time'
  | 'filters'
  | 'name'
  | 'reference'
  | 'pulled'
  | 'signal'
  | 'word'
  | 'text';

export interface Endpoint {
  method: string;
  pattern: string;
  state: Route['state'];
  hijack: boolean;
  /** A query with which it answers at once and changes nothing that counts. */
  base: string;
  query: Readonly<Record<string, Kind>>;
  /** It reads JSON: a body that is right. */
  body?: object;
  /** Its body is an archive. */
  archive?: boolean;
  /** It asks a registry: tests name one on this host that is not there. */
  asksRegistry?: boolean;
}

type Description = Partial<Pick<Endpoint, 'base' | 'query' | 'body' | 'archive' | 'asksRegistry'>>;

const nobody = `filters=${encodeURIComponent('{"label":["nobody-has-this"]}')}`;
/** No registry: nothing listens at port 1. */
const nowhere = '127.0.0.1:1';
const described: Record<string, Description> = {
  'GET /_ping': {},
  'HEAD /_ping': {},
  'GET /version': {},
  'GET /info': {},
  'GET /events': { base: 'until=1', query: { since: 'time', until: 'time', filters: 'filters' } },
  'GET /system/df': { query: { type: 'word' } },
  'POST /containers/prune': { base: nobody, query: { filters: 'filters' } },
  'POST /images/prune': { base: nobody, query: { filters: 'filters' } },
  'POST /networks/prune': { base: nobody, query: { filters: 'filters' } },
  'POST /volumes/prune': { base: nobody, query: { filters: 'filters' } },
  'POST /build/prune': {},
  'GET /containers/json': {
    query: { all: 'flag', size: 'flag', limit: 'number', filters: 'filters' },
  },
  'POST /containers/create': { query: { name: 'name' }, body: { Image: 'busybox' } },
  'GET /containers/{id}/json': { query: { size: 'flag' } },
  'GET /containers/{id}/logs': {
    base: 'stdout=1',
    query: {
      stdout: 'flag',
      stderr: 'flag',
      follow: 'flag',
      timestamps: 'flag',
      details: 'flag',
      since: 'time',
      until: 'time',
      // Any text that is no number is all, as dockerd has it.
      tail: 'text',
    },
  },
  'GET /containers/{id}/steps': { query: { follow: 'flag' } },
  'GET /containers/{id}/top': { query: { ps_args: 'text' } },
  'GET /containers/{id}/stats': {
    base: 'stream=0&one-shot=1',
    query: { stream: 'flag', 'one-shot': 'flag' },
  },
  'POST /containers/{id}/start': { body: {} },
  'POST /containers/{id}/stop': { query: { t: 'number', signal: 'signal' } },
  'POST /containers/{id}/restart': { query: { t: 'number', signal: 'signal' } },
  'POST /containers/{id}/kill': { query: { signal: 'signal' } },
  'POST /containers/{id}/pause': {},
  'POST /containers/{id}/unpause': {},
  'POST /containers/{id}/update': { body: { CpuShares: 1024 } },
  'POST /containers/{id}/rename': { query: { name: 'name' } },
  'POST /containers/{id}/resize': { base: 'h=24&w=80', query: { h: 'side', w: 'side' } },
  'POST /containers/{id}/wait': { query: { condition: 'word' } },
  'POST /containers/{id}/attach': {
    base: 'logs=1&stdout=1',
    query: { stdin: 'flag', stdout: 'flag', stderr: 'flag', logs: 'flag', stream: 'flag' },
  },
  'GET /containers/{id}/attach/ws': {
    base: 'logs=1&stdout=1',
    query: { stdin: 'flag', stdout: 'flag', stderr: 'flag', logs: 'flag', stream: 'flag' },
  },
  'HEAD /containers/{id}/archive': { base: 'path=/etc/passwd', query: { path: 'text' } },
  'GET /containers/{id}/archive': { base: 'path=/etc/passwd', query: { path: 'text' } },
  'PUT /containers/{id}/archive': {
    base: 'path=/nowhere',
    query: { path: 'text', noOverwriteDirNonDir: 'flag', copyUIDGID: 'flag' },
    archive: true,
  },
  'GET /containers/{id}/export': {},
  'GET /containers/{id}/changes': {},
  'POST /commit': {
    base: 'container=CONTAINER',
    query: { container: 'text', repo: 'reference', pause: 'flag' },
    body: {},
  },
  'DELETE /containers/{id}': { query: { force: 'flag', v: 'flag', link: 'flag' } },
  'POST /containers/{id}/exec': { body: { Cmd: ['true'] } },
  'POST /exec/{id}/start': { body: { Detach: true } },
  'POST /exec/{id}/resize': { base: 'h=24&w=80', query: { h: 'side', w: 'side' } },
  'GET /exec/{id}/json': {},
  'GET /exec/{id}/steps': { query: { follow: 'flag' } },
  'GET /images/json': { query: { all: 'flag', filters: 'filters' } },
  'POST /images/create': {
    base: `fromImage=${nowhere}/nosuch`,
    query: { fromImage: 'pulled' },
    asksRegistry: true,
  },
  'POST /auth': {
    body: { username: 'a', password: 'b', serveraddress: nowhere },
    asksRegistry: true,
  },
  'GET /distribution/{name*}/json': { asksRegistry: true },
  'POST /images/{name*}/push': { asksRegistry: true },
  'GET /images/get': { base: 'names=busybox', query: { names: 'reference' } },
  'GET /images/{name*}/get': {},
  'POST /images/load': { query: { quiet: 'flag' }, archive: true },
  'GET /images/search': { base: `term=${nowhere}/x`, query: {}, asksRegistry: true },
  'GET /images/{name*}/json': {},
  'GET /images/{name*}/history': {},
  'POST /images/{name*}/tag': { query: { repo: 'reference' } },
  'DELETE /images/{name*}': { query: { force: 'flag', noprune: 'flag' } },
  'GET /networks': { query: { filters: 'filters' } },
  'GET /networks/{id}': {},
  // What is asked of the default network is refused: nothing changes.
  'POST /networks/create': { body: { Name: 'bridge' } },
  'DELETE /networks/{id}': {},
  'POST /networks/{id}/connect': { body: { Container: 'nosuch' } },
  'POST /networks/{id}/disconnect': { body: { Container: 'nosuch' } },
  'GET /volumes': { query: { filters: 'filters' } },
  'GET /volumes/{name}': {},
  'DELETE /volumes/{name}': { query: { force: 'flag' } },
  'POST /volumes/create': { body: { Name: 'from-the-table' } },
};

export const endpoints: readonly Endpoint[] = routes.map((route) => ({
  method: route.method,
  pattern: route.pattern,
  state: route.state,
  hijack: route.hijack === true,
  base: '',
  query: {},
  ...described[keyOf(route)],
}));

/** Routes that answer and that nobody has described. */
export const undescribed: readonly string[] = routes
  .filter((route) => route.state !== 'missing' && !described[keyOf(route)])
  .map(keyOf);

export function keyOf({ method, pattern }: { method: string; pattern: string }): string {
  return `${method} ${pattern}`;
}

export interface Names {
  container: string;
  exec: string;
  image: string;
}

/** The endpoint's path, with things that exist where the pattern has names; `changes` to its query, each value as it is. */
export function pathOf(
  { pattern, base }: Endpoint,
  names: Names,
  changes: Readonly<Record<string, string>> = {},
): string {
  const path = pattern
    .replace('/exec/{id}', `/exec/${names.exec}`)
    .replace(/^\/networks\/\{id\}/, '/networks/bridge')
    .replace('{id}', names.container)
    .replace(/\{name\*?\}/, names.image);
  const query = new URLSearchParams(base.replace('CONTAINER', names.container));
  for (const [name, value] of Object.entries(changes)) query.set(name, value);
  return query.size > 0 ? `${path}?${query}` : path;
}

/** The endpoint's path with `name`, as it is, wherever the pattern has a name. */
export function pathNaming({ pattern, base, asksRegistry }: Endpoint, name: string): string {
  const path = pattern.replace(/\{\w+\*?\}/, () => (asksRegistry ? `${nowhere}/${name}` : name));
  return base ? `${path}?${base}` : path;
}
