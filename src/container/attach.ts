import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConflictError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import { emit } from './events.ts';
import { connectShim } from './shim-link.ts';
import { isAlive } from './state.ts';
import type { Container } from './table.ts';

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /**
   * The client's own connection, when what it is to see is the shim's output and nothing else: then the shim writes to it, and
   * no output passes through here (docs/decisions/0017-output-past-the-supervisor.md).
   */
  output?: Socket | undefined;
}

/** Somebody who attached before the container was started; `start` connects and hands the stream over. */
export interface PendingAttach {
  options: AttachOptions;
  connected: (stream: Duplex) => void;
  failed: (error: Error) => void;
}

/**
 * A stream to the shim: bytes written are the container's stdin, bytes read are its output in docker's framing (raw with
 * a terminal). Ending the writable side is the client's half-close.
 *
 * For a container that is not started yet the stream comes with the start and begins with the first byte; for that
 * the registration is complete when this function returns its promise.
 * @param signal gives up waiting for a start
 * @throws ConflictError when it is paused
 */
export function attach(
  engine: Engine,
  container: Container,
  options: AttachOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  const { state } = container.record;
  if (state.status === 'paused')
    return Promise.reject(
      new ConflictError(`container ${container.id} is paused, unpause the container before attach`),
    );
  emit(engine, container, 'attach');
  return isAlive(state)
    ? connectAttach(container, options)
    : waitForStart(container, options, signal);
}

function waitForStart(
  container: Container,
  options: AttachOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  return new Promise((connected, failed) => {
    const pending: PendingAttach = { options, connected, failed };
    container.pendingAttaches.add(pending);
    signal.addEventListener('abort', () => {
      container.pendingAttaches.delete(pending);
      failed(signal.reason as Error);
    });
  });
}

/** Connects an attach client to a container whose shim listens. */
export async function connectAttach(container: Container, options: AttachOptions): Promise<Duplex> {
  return attachTo(container.paths.runDir, options);
}

/**
 * @param runDir where the shim listens, or will; of a container or of an exec
 * @throws KernelError when nobody listens there
 */
export function attachTo(runDir: string, options: AttachOptions): Duplex {
  const { stdin, stdout, stderr, output } = options;
  const flags = `${stdin ? 'i' : ''}${stdout ? 'o' : ''}${stderr ? 'e' : ''}`;
  const socket = connectShim(runDir, `attach ${flags}\n`, output && descriptorOf(output));
  // A shim that dies before anybody reads: whoever waits for it hears of that elsewhere.
  socket.on('error', () => socket.destroy());
  // The shim waits for this, so that what a client sends last does not meet a closed door.
  socket.once('end', () => socket.end());
  return socket;
}

/**
 * Undefined when it has been closed, or when what was written to it before still waits in this process and must come first.
 * Node has no public name for it.
 */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle } = socket as unknown as { _handle?: { fd?: number } | null };
  return socket.writableLength === 0 ? _handle?.fd : undefined;
}

/** Sets the terminal's size in characters. Before start it is kept for the start. */
export async function resize(
  engine: Engine,
  container: Container,
  rows: number,
  columns: number,
): Promise<void> {
  container.terminalSize = [rows, columns];
  if (!container.link) return;
  container.link.resize(rows, columns);
  emit(engine, container, 'resize', { height: String(rows), width: String(columns) });
}
