/** Calls on a container's files, and on what becomes of them: `cp`, `export`, `diff`, `commit`. */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { Transport } from './transport.ts';

/** The header `X-Docker-Container-Path-Stat`. */
export interface PathStat {
  name: string;
  size: number;
  /** Go's `fs.FileMode`. */
  mode: number;
  mtime: string;
  linkTarget: string;
}

export interface CommitRequest {
  container: string;
  repo?: string | undefined;
  tag?: string | undefined;
  comment?: string | undefined;
  author?: string | undefined;
  pause: boolean;
  /** Dockerfile instructions. */
  changes: readonly string[];
}

export class Files {
  constructor(private readonly transport: Transport) {}

  /** @throws ApiError 404 when there is nothing */
  async stat(container: string, path: string): Promise<PathStat> {
    const answer = await this.transport.open('HEAD', at(container, 'archive'), { query: { path } });
    answer.resume();
    return statOf(answer);
  }

  /** The archive of a file or folder, and what it is. */
  async read(
    container: string,
    path: string,
  ): Promise<{ stat: PathStat; archive: IncomingMessage }> {
    const archive = await this.transport.open('GET', at(container, 'archive'), { query: { path } });
    return { stat: statOf(archive), archive };
  }

  /** Unpacks an archive into a folder. */
  async write(
    container: string,
    path: string,
    archive: Readable,
    copyUIDGID: boolean,
  ): Promise<void> {
    await this.transport.text('PUT', at(container, 'archive'), {
      query: { path, copyUIDGID, noOverwriteDirNonDir: true },
      stream: archive,
    });
  }

  /** The whole root as an archive. */
  export(container: string): Promise<IncomingMessage> {
    return this.transport.open('GET', at(container, 'export'));
  }

  /** Kind 0 is changed, 1 added, 2 deleted. */
  async changes(container: string): Promise<{ Path: string; Kind: number }[]> {
    return (await this.transport.json('GET', at(container, 'changes'))) ?? [];
  }

  commit({ changes, pause, ...query }: CommitRequest): Promise<{ Id: string }> {
    // `changes` repeats, which a query cannot say, nor a false that is meant
    const more = changes.map((change) => `&changes=${encodeURIComponent(change)}`).join('');
    return this.transport.json('POST', '/commit', { query, suffix: `&pause=${pause}${more}` });
  }
}

function at(container: string, what: string): string {
  return `/containers/${encodeURIComponent(container)}/${what}`;
}

function statOf({ headers }: IncomingMessage): PathStat {
  const text = String(headers['x-docker-container-path-stat'] ?? '');
  return JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as PathStat;
}
