/** Calls on containers, in the order of the API's reference. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { jsonLines } from './lines.ts';
import type { Query, Transport } from './transport.ts';
import type {
  ContainerDetails,
  ContainerSummary,
  CreateBody,
  StatsAnswer,
  StepAnswer,
  StepLine,
  WaitAnswer,
} from './types.ts';

export type Filters = Readonly<Record<string, readonly string[]>>;
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** Filters as the API takes them, or undefined when there are none. */
export function formatFilters(filters: Filters): string | undefined {
  return Object.keys(filters).length > 0 ? JSON.stringify(filters) : undefined;
}

export class Containers {
  constructor(private readonly transport: Transport) {}

  list(options: {
    all?: boolean;
    limit?: number;
    size?: boolean;
    filters?: Filters;
  }): Promise<ContainerSummary[]> {
    const filters = formatFilters(options.filters ?? {});
    return this.transport.json('GET', '/containers/json', { query: { ...options, filters } });
  }

  create(
    body: CreateBody,
    query: { name?: string | undefined; platform?: string | undefined },
  ): Promise<{ Id: string; Warnings: string[] | null }> {
    return this.transport.json('POST', '/containers/create', { query, body });
  }

  inspect(id: string): Promise<ContainerDetails> {
    return this.transport.json('GET', path(id, 'json'));
  }

  /** The engine's own text, for showing. */
  inspectText(id: string, query: { size?: boolean } = {}): Promise<string> {
    return this.transport.text('GET', path(id, 'json'), { query });
  }

  start(id: string, query: { detachKeys?: string | undefined } = {}): Promise<void> {
    return this.transport.json('POST', path(id, 'start'), { query });
  }

  stop(id: string, query: { signal?: string | undefined; t?: number | undefined }): Promise<void> {
    return this.transport.json('POST', path(id, 'stop'), { query });
  }

  restart(
    id: string,
    query: { signal?: string | undefined; t?: number | undefined },
  ): Promise<void> {
    return this.transport.json('POST', path(id, 'restart'), { query });
  }

  kill(id: string, signal?: string): Promise<void> {
    return this.transport.json('POST', path(id, 'kill'), { query: { signal } });
  }

  pause(id: string): Promise<void> {
    return this.transport.json('POST', path(id, 'pause'));
  }

  unpause(id: string): Promise<void> {
    return this.transport.json('POST', path(id, 'unpause'));
  }

  rename(id: string, name: string): Promise<void> {
    return this.transport.json('POST', path(id, 'rename'), { query: { name } });
  }

  update(
    id: string,
    body: Partial<CreateBody['HostConfig']>,
  ): Promise<{ Warnings: string[] | null }> {
    return this.transport.json('POST', path(id, 'update'), { body });
  }

  resize(id: string, rows: number, columns: number): Promise<void> {
    return this.transport.json('POST', path(id, 'resize'), { query: { h: rows, w: columns } });
  }

  remove(id: string, query: { force?: boolean; v?: boolean; link?: boolean }): Promise<void> {
    return this.transport.json('DELETE', path(id), { query });
  }

  /** The connection: bytes written are stdin; bytes read are raw with a terminal, else frames. */
  attach(id: string, query: Query): Promise<Socket> {
    return this.transport.hijack(path(id, 'attach'), { query });
  }

  logs(id: string, query: Query, signal?: AbortSignal): Promise<IncomingMessage> {
    return this.transport.open('GET', path(id, 'logs'), { query, ...(signal && { signal }) });
  }

  /**
   * Resolves, as soon as the engine has registered the wait, with a promise of the exit: what ends
   * after this call has resolved is not missed.
   */
  async wait(
    id: string,
    condition?: WaitCondition,
    signal?: AbortSignal,
  ): Promise<{ exit: Promise<WaitAnswer> }> {
    const response = await this.transport.open('POST', path(id, 'wait'), {
      query: { condition },
      ...(signal && { signal }),
    });
    const exit = firstOf(jsonLines<WaitAnswer>(response));
    exit.catch(() => undefined); // whoever waits for it sees the error; nobody may
    return { exit };
  }

  /** @param options of ps(1); empty is `-ef` */
  top(id: string, options = ''): Promise<{ Titles: string[]; Processes: string[][] | null }> {
    const query = options ? { ps_args: options } : {};
    return this.transport.json('GET', path(id, 'top'), { query });
  }

  /** @param isQuick one sample; else two, a second apart */
  stats(id: string, isQuick: boolean): Promise<StatsAnswer> {
    const query = { stream: 0, ...(isQuick && { 'one-shot': 1 }) };
    return this.transport.json('GET', path(id, 'stats'), { query });
  }

  /** Petri's own: the steps that built the container and their results. */
  steps(id: string): Promise<StepAnswer> {
    return this.transport.json('GET', path(id, 'steps'));
  }

  /** Petri's own: each step as it is performed, until the container has started or failed to. */
  async followSteps(id: string, signal?: AbortSignal): Promise<AsyncGenerator<StepLine>> {
    const response = await this.transport.open('GET', path(id, 'steps'), {
      query: { follow: true },
      ...(signal && { signal }),
    });
    return jsonLines<StepLine>(response);
  }
}

function path(id: string, verb?: string): string {
  return `/containers/${encodeURIComponent(id)}${verb ? `/${verb}` : ''}`;
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T> {
  for await (const item of items) return item;
  throw new Error('the engine closed the connection before the container ended');
}
