/**
 * The supervisor's connection to a container's shim (docs/shim.md, `control`): tells each step's
 * result, when the program runs, and how it ended. A new supervisor connects again and is told all.
 */
import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { connectPath } from '../kernel/unix-socket.ts';
import { parseShimLine, type ShimLine } from '../step/shim-lines.ts';

type Told<Kind extends ShimLine['kind']> = Extract<ShimLine, { kind: Kind }>;

export class ShimLink extends EventEmitter<{
  step: [Told<'step'>];
  running: [Told<'running'>];
  failed: [Told<'failed'>];
  exit: [Told<'exit'>];
  /** The shim is gone. */
  close: [];
}> {
  /** What has been told already, for those who come later. */
  running: Told<'running'> | undefined;
  exited: Told<'exit'> | undefined;
  closed = false;

  private constructor(readonly socket: Socket) {
    super();
    this.setMaxListeners(0);
    createInterface({ input: socket }).on('line', (line) => this.#tell(line));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.closed = true;
      this.emit('close');
    });
  }

  /** @throws when nobody listens in `runDir` */
  static async connect(runDir: string): Promise<ShimLink> {
    const socket = await connectShim(runDir);
    socket.write('control\n');
    return new ShimLink(socket);
  }

  /** Lets go of the shim, which goes on: nobody is told of an end that is none. */
  abandon(): void {
    this.removeAllListeners();
    this.socket.destroy();
  }

  resize(rows: number, columns: number): void {
    this.socket.write(`resize ${rows} ${columns}\n`);
  }

  #tell(text: string): void {
    const line = parseShimLine(text);
    if (line.kind === 'running') this.running = line;
    if (line.kind === 'exit') this.exited = line;
    (this.emit as (kind: string, line: ShimLine) => void).call(this, line.kind, line);
  }
}

/** A connected socket to the shim in `runDir`, on which nothing has been said yet. */
export async function connectShim(runDir: string): Promise<Socket> {
  const { path, close } = connectPath(runDir, 'shim.sock');
  try {
    const socket = connect({ path, allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  } finally {
    close();
  }
}
