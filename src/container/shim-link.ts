/**
 * The supervisor's connection to a container's shim (docs/shim.md, `control`): tells each step's
 * result, when the program runs, and how it ended. A new supervisor connects again and is told all.
 */
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { connectIn, sendDescriptor } from '../kernel/unix-socket.ts';
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
    this.#listen();
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.closed = true;
      this.emit('close');
    });
  }

  /** @throws KernelError when nobody listens in `runDir` */
  static connect(runDir: string): ShimLink {
    return new ShimLink(connectShim(runDir, 'control\n'));
  }

  /** Undefined when nobody listens in `runDir`. */
  static tryConnect(runDir: string): ShimLink | undefined {
    try {
      return ShimLink.connect(runDir);
    } catch {
      return undefined;
    }
  }

  /** Lets go of the shim, which goes on: nobody is told of an end that is none. */
  abandon(): void {
    this.removeAllListeners();
    this.socket.destroy();
  }

  resize(rows: number, columns: number): void {
    this.socket.write(`resize ${rows} ${columns}\n`);
  }

  /** A line that was cut off by the shim's death says nothing. */
  #listen(): void {
    let rest = '';
    this.socket.setEncoding('latin1').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#tell(line);
    });
  }

  #tell(text: string): void {
    const line = parseShimLine(text);
    if (line.kind === 'running') this.running = line;
    if (line.kind === 'exit') this.exited = line;
    (this.emit as (kind: string, line: ShimLine) => void).call(this, line.kind, line);
  }
}

/**
 * A connection to the shim in `runDir`, with its first line sent.
 * @param passed a descriptor to go with the line
 * @throws KernelError when nobody listens there
 */
export function connectShim(runDir: string, line: string, passed?: number): Socket {
  const fd = connectIn(runDir, 'shim.sock');
  const socket = new Socket({ fd, allowHalfOpen: true, readable: true, writable: true });
  try {
    if (passed === undefined) socket.write(line);
    else sendDescriptor(fd, Buffer.from(line), passed);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
