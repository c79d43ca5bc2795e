/**
 * What a command works with: the engine, the three streams, the environment. Made once by main.ts and
 * handed down, so that no command reaches for the process.
 */
import type { ReadStream, WriteStream } from 'node:tty';
import type { Client } from '../api/client/client.ts';
import { ApiError, ConnectionError } from '../api/client/errors.ts';
import { escapeControl } from './escape.ts';

export interface Streams {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
}

export class Session {
  #client: Promise<Client> | undefined;

  constructor(
    readonly streams: Streams,
    readonly environment: NodeJS.ProcessEnv,
    private readonly connect: () => Promise<Client>,
  ) {}

  /** The engine, started first when need be. */
  client(): Promise<Client> {
    this.#client ??= this.connect();
    return this.#client;
  }

  /** One line (or several) of result. */
  print(text: string): void {
    this.streams.stdout.write(`${escapeControl(text)}\n`);
  }

  /** One line to stderr, as it is said. */
  warn(text: string): void {
    this.streams.stderr.write(`${escapeControl(text)}\n`);
  }

  /** An error, in docker's words. */
  complain(error: unknown): void {
    this.warn(messageOf(error));
  }
}

/** What to tell the user of an error. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return `Error response from daemon: ${error.message.trim()}`;
  if (error instanceof ConnectionError) return connectionMessage(error);
  return error instanceof Error ? error.message : String(error);
}

function connectionMessage({ endpoint, code }: ConnectionError): string {
  const hint: Record<string, string> = {
    ENOENT: 'there is no such socket; is the engine running?',
    ECONNREFUSED: 'nobody listens there; is the engine running?',
    EACCES: 'permission denied; try as root',
    ECONNRESET: 'it closed the connection',
  };
  return `petri: cannot connect to the engine at ${endpoint}: ${hint[code] ?? code}`;
}
