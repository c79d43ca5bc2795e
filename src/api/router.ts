/**
 * The small router: method and path pattern to handler. A pattern's `{name}` takes one segment, `{name*}` takes
 * all that is left before the rest of the pattern (image names have slashes).
 */
import type { Exchange } from './exchange.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
export type Handler = (exchange: Exchange) => Promise<void> | void;

export interface Route {
  method: Method;
  /** Without the version, e.g. `/containers/{id}/json`. */
  pattern: string;
  handler: Handler;
  /** One line for docs/API.md: what is different from dockerd, or empty. */
  deviation: string;
  /** `built`, `partial`, or `missing`: the handler answers 501. */
  state: 'built' | 'partial' | 'missing';
  /** The connection becomes a stream: the server hands its socket over. */
  hijack?: boolean;
}

export interface Match {
  route: Route;
  params: Record<string, string>;
}

export class Router {
  /** By method: most requests are looked up among a third of the routes. */
  readonly #routes = new Map<string, { route: Route; regexp: RegExp }[]>();

  constructor(readonly routes: readonly Route[]) {
    for (const route of routes) {
      const others = this.#routes.get(route.method) ?? [];
      this.#routes.set(route.method, [...others, { route, regexp: compile(route.pattern) }]);
    }
  }

  /**
   * @param path without version and query, still percent-encoded
   * @returns undefined when nothing answers there
   */
  match(method: string, path: string): Match | undefined {
    for (const { route, regexp } of this.#routes.get(method) ?? []) {
      const found = regexp.exec(path);
      const params = found && decodeAll(found.groups ?? {});
      if (params) return { route, params };
    }
    return undefined;
  }
}

/** Splits `/v1.47/info` into version and rest; a path without version has none. */
export function splitVersion(path: string): { version: string | undefined; rest: string } {
  const found = /^\/v(\d+(?:\.\d+)*)(\/.*)$/.exec(path);
  return found
    ? { version: found[1], rest: found[2] as string }
    : { version: undefined, rest: path };
}

function compile(pattern: string): RegExp {
  const source = pattern
    .replace(/[.]/g, '\\.')
    .replace(/\{(\w+)\*\}/g, '(?<$1>.+)')
    .replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return new RegExp(`^${source}$`);
}

/** Null when a part is not percent-encoded UTF-8, or has a NUL: such a path names nothing. */
function decodeAll(groups: Record<string, string>): Record<string, string> | null {
  try {
    const decoded = Object.entries(groups).map(([k, v]) => [k, decodeURIComponent(v)] as const);
    return decoded.some(([, value]) => value.includes('\0')) ? null : Object.fromEntries(decoded);
  } catch {
    return null;
  }
}
