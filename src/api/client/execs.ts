/** Calls on execs, in the order of the API's reference. */
import type { Socket } from 'node:net';
import { jsonLines } from './lines.ts';
import type { Transport } from './transport.ts';
import type { ExecBody, ExecDetails, StepAnswer, StepLine } from './types.ts';

export class Execs {
  constructor(private readonly transport: Transport) {}

  create(container: string, body: ExecBody): Promise<{ Id: string }> {
    const path = `/containers/${encodeURIComponent(container)}/exec`;
    return this.transport.json('POST', path, { body });
  }

  /** Starts it for nobody to watch: resolves when its program runs. */
  start(id: string): Promise<void> {
    return this.transport.json('POST', path(id, 'start'), { body: { Detach: true } });
  }

  /** Starts it. The connection: bytes written are stdin; bytes read are raw with a terminal, else frames. */
  attach(id: string, options: { Tty: boolean; ConsoleSize?: [number, number] }): Promise<Socket> {
    return this.transport.hijack(path(id, 'start'), { body: { Detach: false, ...options } });
  }

  resize(id: string, rows: number, columns: number): Promise<void> {
    return this.transport.json('POST', path(id, 'resize'), { query: { h: rows, w: columns } });
  }

  /** Petri's own: the steps that made it and their results. */
  steps(id: string): Promise<StepAnswer> {
    return this.transport.json('GET', path(id, 'steps'));
  }

  /** Petri's own: each step as it is performed, until its program runs or could not be started. */
  async followSteps(id: string): Promise<AsyncGenerator<StepLine>> {
    const query = { follow: true };
    return jsonLines<StepLine>(await this.transport.open('GET', path(id, 'steps'), { query }));
  }

  inspect(id: string): Promise<ExecDetails> {
    return this.transport.json('GET', path(id, 'json'));
  }
}

function path(id: string, verb: string): string {
  return `/exec/${encodeURIComponent(id)}/${verb}`;
}
