import type { Duplex } from 'node:stream';
import { NotBuiltError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import type { Container } from './table.ts';

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

/**
 * A stream to the shim: bytes written are the container's stdin, bytes read are its output in docker's framing (raw with
 * a terminal). A container that is not started yet may be attached: the stream begins with its first byte.
 * Ending the writable side is the client's half-close.
 */
export async function attach(
  _engine: Engine,
  _container: Container,
  _options: AttachOptions,
): Promise<Duplex> {
  throw new NotBuiltError('attach');
}

/** Sets the terminal's size. Before start it is kept for the start. */
export async function resize(
  _engine: Engine,
  _container: Container,
  _rows: number,
  _columns: number,
): Promise<void> {
  throw new NotBuiltError('resize');
}
