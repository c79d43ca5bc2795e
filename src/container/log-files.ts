/**
 * The files of a log: `log` being written, `log.1`, `log.2` … older ones the shim has put aside. Reads on
 * from where it stopped, over rotations: an open file stays the same file when it is renamed.
 */
import { watch } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { LogEntry } from './logs.ts';

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export class LogFiles {
  #rest: Buffer = Buffer.alloc(0);

  private constructor(
    readonly path: string,
    /** Oldest first; the last one is being written. */
    readonly handles: FileHandle[],
  ) {}

  /** A log that is not there yet is empty. */
  static async open(path: string): Promise<LogFiles> {
    const older = (await readdir(dirname(path)).catch(() => []))
      .flatMap((name) =>
        name.startsWith(`${basename(path)}.`)
          ? [Number(name.slice(basename(path).length + 1))]
          : [],
      )
      .filter(Number.isInteger)
      .sort((a, b) => b - a)
      .map((n) => `${path}.${n}`);
    const files = new LogFiles(path, []);
    for (const name of [...older, path]) await files.#add(name);
    return files;
  }

  async #add(name: string): Promise<void> {
    const handle = await open(name, 'r').catch(() => undefined);
    if (handle) this.handles.push(handle);
  }

  /** What has been written since the last reading. */
  async *read(): AsyncGenerator<LogEntry> {
    if (this.handles.length === 0) await this.#add(this.path);
    for (;;) {
      const handle = this.handles[0];
      if (!handle) return;
      yield* this.#readOn(handle);
      if (this.handles.length === 1) {
        if (!(await this.#rotated(handle))) return;
        yield* this.#readOn(handle);
        await this.#add(this.path);
      }
      await this.handles.shift()?.close();
    }
  }

  async *#readOn(handle: FileHandle): AsyncGenerator<LogEntry> {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(
        Buffer.allocUnsafe(CHUNK_BYTES),
        0,
        CHUNK_BYTES,
      );
      if (bytesRead === 0) return;
      let text = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]);
      for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE)) {
        const entry = parse(text.subarray(0, end));
        text = text.subarray(end + 1);
        if (entry) yield entry;
      }
      this.#rest = text;
    }
  }

  /** Whether the path is by now another file than the one being read. */
  async #rotated(handle: FileHandle): Promise<boolean> {
    const current = await stat(this.path).catch(() => undefined);
    return current !== undefined && current.ino !== (await handle.stat()).ino;
  }

  /** Calls back when anything in the log's folder changes; the result stops that. */
  onChange(listener: () => void): () => void {
    const watcher = watch(dirname(this.path), (_, name) => {
      if (name === null || join(dirname(this.path), name) === this.path) listener();
    });
    watcher.on('error', listener);
    return () => watcher.close();
  }

  async close(): Promise<void> {
    for (const handle of this.handles) await handle.close();
  }
}

/** A line that is not whole JSON (a full disk cut it) is passed over. */
function parse(line: Buffer): LogEntry | undefined {
  try {
    const { log, stream, time } = JSON.parse(line.toString('utf8')) as Record<string, string>;
    return {
      stream: stream === 'stderr' ? 'stderr' : 'stdout',
      time: time ?? '',
      text: Buffer.from(log ?? ''),
    };
  } catch {
    return undefined;
  }
}
