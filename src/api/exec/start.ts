/**
 * `POST /exec/{id}/start`: the connection becomes the program's terminal or pipes. What goes wrong after its head has
 * been sent is told on the stream, as dockerd does, and by the exec's exit code.
 */
import type { Socket } from 'node:net';
import type { Engine } from '../../container/engine.ts';
import { emit } from '../../container/events.ts';
import { endOfExec } from '../../container/exec/end.ts';
import type { Exec } from '../../container/exec/exec.ts';
import { findExec } from '../../container/exec/find.ts';
import { claimExec, startExec } from '../../container/exec/start.ts';
import { detachSequence } from '../detach-keys.ts';
import type { Exchange } from '../exchange.ts';
import { frame, multiplexedStream, rawStream } from '../frames.ts';
import { type Detach, join, part } from '../join.ts';
import { execStart } from '../schema/exec.ts';
import { answerFor } from '../status.ts';

export async function start(exchange: Exchange): Promise<void> {
  const exec = findExec(exchange.engine, exchange.param('id'));
  const { Detach, ConsoleSize } = execStart(await exchange.readJson());
  claimExec(exec);
  if (ConsoleSize[0] > 0) exec.terminalSize = ConsoleSize;
  if (Detach) {
    await startExec(exchange.engine, exec);
    exchange.empty(200);
    return;
  }
  const client = exchange.takeOver(contentType(exchange, exec));
  client.on('error', () => client.destroy());
  await converse(exchange, exec, client);
}

async function converse({ engine }: Exchange, exec: Exec, client: Socket): Promise<void> {
  const { AttachStdin: stdin, AttachStdout: stdout, AttachStderr: stderr } = exec.config;
  try {
    const stream = await startExec(engine, exec, { stdin, stdout, stderr, output: client });
    // Whoever has read to the end asks for the exit code.
    if (stream) join(client, stream, { over: endOfExec(exec), detach: detachOf(engine, exec) });
  } catch (error) {
    const { status, message } = answerFor(error);
    if (status >= 500) engine.log.error({ err: error, exec: exec.id }, 'cannot start an exec');
    const text = Buffer.from(`${message}\r\n`);
    client.write(exec.config.Tty ? text : frame('stdout', text));
    part(client);
  }
}

function detachOf(engine: Engine, { id, container, config }: Exec): Detach | undefined {
  if (!config.Tty || !config.AttachStdin) return undefined;
  const sequence = detachSequence(config.DetachKeys);
  return { sequence, onDetach: () => emit(engine, container, 'exec_detach', { execID: id }) };
}

function contentType(exchange: Exchange, { config }: Exec): string {
  return !config.Tty && exchange.since('1.42') ? multiplexedStream : rawStream;
}
