/** Calls on images. */
import type { Readable } from 'node:stream';
import { type Filters, formatFilters } from './containers.ts';
import { jsonLines } from './lines.ts';
import type { Transport } from './transport.ts';
import type { HistoryItem, ImageSummary, ProgressLine } from './types.ts';

export interface ImportOptions {
  /** A URL the engine fetches, or `-` for the body. */
  fromSrc: string;
  repo?: string | undefined;
  tag?: string | undefined;
  message?: string | undefined;
  platform?: string | undefined;
  /** Dockerfile instructions such as `CMD ["sh"]`. */
  changes?: readonly string[];
}

export interface PullOptions {
  /** `os/architecture`; undefined: the engine's own. */
  platform?: string | undefined;
  /** The value of `X-Registry-Auth`. */
  auth?: string | undefined;
  signal?: AbortSignal;
}

export class Images {
  constructor(private readonly transport: Transport) {}

  list(options: { all?: boolean; digests?: boolean; filters?: Filters }): Promise<ImageSummary[]> {
    const filters = formatFilters(options.filters ?? {});
    return this.transport.json('GET', '/images/json', { query: { ...options, filters } });
  }

  /** The engine's own text, for showing. */
  inspectText(name: string): Promise<string> {
    return this.transport.text('GET', `/images/${encodeName(name)}/json`);
  }

  /** The last step first. */
  history(name: string): Promise<HistoryItem[]> {
    return this.transport.json('GET', `/images/${encodeName(name)}/history`);
  }

  tag(name: string, repo: string, tag: string): Promise<void> {
    return this.transport.json('POST', `/images/${encodeName(name)}/tag`, { query: { repo, tag } });
  }

  remove(
    name: string,
    query: { force?: boolean; noprune?: boolean },
  ): Promise<{ Untagged?: string; Deleted?: string }[]> {
    return this.transport.json('DELETE', `/images/${encodeName(name)}`, { query });
  }

  /**
   * `POST /images/create?fromImage=`: pulls, reporting progress.
   * @param tag a tag or a digest; empty: all of the repository
   */
  async pull(fromImage: string, tag: string, options: PullOptions = {}) {
    const { platform, auth, signal } = options;
    const call = {
      query: { fromImage, tag, platform },
      ...(auth && { headers: { 'X-Registry-Auth': auth } }),
      ...(signal && { signal }),
    };
    return jsonLines<ProgressLine>(await this.transport.open('POST', '/images/create', call));
  }

  /** `POST /images/create?fromSrc=`: a root filesystem's tar archive becomes an image. */
  async import(options: ImportOptions, archive?: Readable): Promise<AsyncGenerator<ProgressLine>> {
    const { changes = [], ...query } = options;
    const call = {
      query,
      suffix: repeated('changes', changes),
      ...(archive && { stream: archive }),
    };
    return jsonLines(await this.transport.open('POST', '/images/create', call));
  }

  /** `GET /images/get`: these images as an archive. */
  save(names: readonly string[]): Promise<Readable> {
    const suffix = repeated('names', names).replace('&', '?');
    return this.transport.open('GET', '/images/get', { suffix });
  }

  /** `POST /images/load`: the images of an archive. */
  async load(archive: Readable, quiet: boolean): Promise<AsyncGenerator<ProgressLine>> {
    const call = { query: { quiet }, stream: archive };
    return jsonLines(await this.transport.open('POST', '/images/load', call));
  }

  /**
   * `POST /images/{name}/push`
   * @param tag empty: all of the repository
   * @param auth the value of `X-Registry-Auth`
   */
  async push(
    name: string,
    tag: string,
    auth: string | undefined,
  ): Promise<AsyncGenerator<ProgressLine>> {
    const path = `/images/${encodeName(name)}/push`;
    // Docker wants the header, also when there is nothing in it.
    const headers = { 'X-Registry-Auth': auth ?? 'e30=' };
    return jsonLines(await this.transport.open('POST', path, { query: { tag }, headers }));
  }
}

/** Names that repeat, which a Query cannot say. */
function repeated(name: string, values: readonly string[]): string {
  return values.map((value) => `&${name}=${encodeURIComponent(value)}`).join('');
}

/** Slashes of a name stay: the engine's routes take them. */
function encodeName(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/');
}
