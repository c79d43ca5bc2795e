/** A socket that plays an engine: all is done that is asked for, and kept; what it shows is given to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Ran, run } from './supervisor.ts';

export interface Asked {
  method: string;
  /** Without the version. */
  path: string;
  /** The filters, of which a value may be said in two ways. */
  filters: Record<string, string[]>;
  body: unknown;
}

const ID = 'ab'.repeat(32);

export class Recorder {
  readonly #folder = mkdtempSync(join(tmpdir(), 'petri-recorder-'));
  readonly #server: Server;
  #asked: Asked[] = [];

  /**
   * @param version of the API that it says it has
   * @param shown the answer to a `GET`, by its path
   */
  constructor(version: string, shown: Readonly<Record<string, unknown>> = {}) {
    this.#server = createServer(async (request, response) => {
      const { method = '', url = '' } = request;
      const { pathname, searchParams } = new URL(url, 'http://engine');
      const path = pathname.replace(/^\/v[\d.]+/, '');
      const filters = filtersOf(searchParams);
      const body = await jsonOf(request);
      if (path !== '/_ping' && method !== 'GET') this.#asked.push({ method, path, filters, body });
      response.writeHead(path === '/_ping' ? 200 : 201, {
        'Api-Version': version,
        'Content-Type': 'application/json',
      });
      response.end(path === '/_ping' ? 'OK' : JSON.stringify(shown[path] ?? { Id: ID, Name: 'x' }));
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(join(this.#folder, 'socket'), done));
  }

  /** What a client asked for with these words, how it ended and what it said. */
  async ask(
    client: 'docker' | 'petri',
    words: readonly string[],
  ): Promise<Ran & { asked: Asked[] }> {
    this.#asked = [];
    const ran = await run(client === 'docker' ? 'docker' : resolve('bin/petri'), [...words], {
      DOCKER_HOST: `unix://${join(this.#folder, 'socket')}`,
      DOCKER_CONFIG: this.#folder,
      HOME: '/root',
    });
    return { ...ran, asked: this.#asked };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
    rmSync(this.#folder, { recursive: true });
  }
}

function filtersOf(query: URLSearchParams): Record<string, string[]> {
  const said = Object.entries(JSON.parse(query.get('filters') ?? '{}') as Record<string, object>);
  return Object.fromEntries(
    said.map(([key, values]) => [key, Array.isArray(values) ? values : Object.keys(values)]),
  );
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? undefined : JSON.parse(text);
}

/** Maps in which a key alone says something. */
const sets = new Set(['ExposedPorts', 'Volumes', 'EndpointsConfig']);

/**
 * A body as Go's decoder sees it: an empty text, list or map, a zero, `false`, `null` and nothing at all are the same.
 * @param key of the field it is the value of
 * @returns undefined when nothing is left
 */
export function meaning(value: unknown, key = ''): unknown {
  if (Array.isArray(value))
    return value.every((one) => one === 0) ? undefined : value.map((one) => meaning(one) ?? null);
  if (typeof value !== 'object' || value === null) return value || undefined;
  const fields = Object.entries(value)
    .map(([name, one]) => [name, meaning(one, name) ?? (sets.has(key) ? {} : undefined)])
    .filter(([, said]) => said !== undefined);
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}
