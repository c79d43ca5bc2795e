/** How fast a container is told another one's address: questions sent from inside its network. */
import type { Socket } from 'node:dgram';
import { encode } from 'dns-packet';
import { close } from '../../src/kernel/files.ts';
import { openNamespace } from '../../src/kernel/namespaces.ts';
import type { RunningEngine } from '../support/engines.ts';
import { socketIn } from '../support/name-servers.ts';
import { timed } from './statistics.ts';

export const LOOKUPS = 5_000;
const AT_ONCE = 32;
/** One that got lost is asked again. */
const AGAIN_MS = 1_000;

/** Two containers on a network of their own, one of which asks for the other. */
export class NameBench {
  private constructor(
    private readonly engine: RunningEngine,
    private readonly socket: Socket,
  ) {}

  static async start(engine: RunningEngine): Promise<NameBench> {
    await engine.api.call('POST', '/networks/create', { Name: 'names' });
    await start(engine, 'target');
    const netns = openNamespace('net', await start(engine, 'asker'));
    const socket = socketIn(netns);
    close(netns);
    return new NameBench(engine, socket);
  }

  /** Milliseconds that `LOOKUPS` lookups take. */
  round(): Promise<number> {
    let left = LOOKUPS;
    const waiting = new Map<number, () => void>();
    this.socket.removeAllListeners('message').on('message', (reply: Buffer) => {
      const id = reply.readUInt16BE(0);
      const answered = waiting.get(id);
      waiting.delete(id);
      // No error, and an address.
      if ((reply.readUInt8(3) & 0xf) === 0 && reply.readUInt16BE(6) === 1) answered?.();
    });
    const asker = async () => {
      while (left > 0) await this.ask(left--, waiting);
    };
    return timed(() => Promise.all(Array.from({ length: AT_ONCE }, asker)));
  }

  async close(): Promise<void> {
    this.socket.close();
    for (const name of ['target', 'asker'])
      await this.engine.api.call('DELETE', `/containers/${name}?force=1`);
    await this.engine.api.call('DELETE', '/networks/names');
  }

  private ask(id: number, waiting: Map<number, () => void>): Promise<void> {
    const bytes = encode({
      type: 'query',
      id,
      flags: 0x0100,
      questions: [{ type: 'A', name: 'target', class: 'IN' }],
    });
    return new Promise((resolve) => {
      const send = () => this.socket.send(bytes, 53, '127.0.0.11');
      const timer = setInterval(send, AGAIN_MS);
      waiting.set(id, () => {
        clearInterval(timer);
        resolve();
      });
      send();
    });
  }
}

/** @returns its first process */
async function start({ api }: RunningEngine, name: string): Promise<number> {
  await api.call('POST', `/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: ['sleep', '3600'],
    HostConfig: { NetworkMode: 'names' },
  });
  await api.start(name);
  const { State } = await api.call<{ State: { Pid: number } }>('GET', `/containers/${name}/json`);
  return State.Pid;
}
