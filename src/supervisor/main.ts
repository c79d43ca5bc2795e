/**
 * `petri supervisor`: one process that owns all state and serves the Engine API. It may be killed at any
 * time: containers run on, and the next one finds them.
 */
import { realpathSync, writeFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pino, { type Logger } from 'pino';
import { listen } from '../api/listen.ts';
import { createApiServer } from '../api/server.ts';
import { EngineError } from '../errors/errors.ts';
import { type OpenEngine, openEngine } from './open.ts';
import { parseOptions, type SupervisorOptions } from './options.ts';
import { trimWhenQuiet } from './trim.ts';

/** `build/petri-shim` beside the bundle's folder. */
const HERE = dirname(fileURLToPath(import.meta.url));
const SHIM = join(HERE, '..', 'build', 'petri-shim');
/** Beside the bundle. */
const UNPACK_WORKER = join(HERE, 'unpack-worker.mjs');

/**
 * Runs until it is told to end.
 * @param argv what follows `petri supervisor`
 */
export async function main(argv: readonly string[]): Promise<void> {
  process.umask(0o077);
  try {
    const options = parseOptions(argv);
    const log = pino(
      { level: options.logLevel, base: null },
      pino.destination({ fd: 2, sync: true }),
    );
    await serve(options, log);
  } catch (error) {
    process.stderr.write(`petri supervisor: ${told(error as Error)}\n`);
    process.exit(1);
  }
}

/** What the host refused says what, on what and why; only of a fault of Petri's own the stack helps. */
function told(error: Error): string {
  const isExpected = error instanceof EngineError || 'syscall' in error;
  return isExpected ? error.message : String(error.stack);
}

async function serve(options: SupervisorOptions, log: Logger): Promise<void> {
  const engine = await openEngine({
    ...options,
    shimPath: SHIM,
    unpackWorkerPath: UNPACK_WORKER,
    log,
  });
  const server = createApiServer(engine);
  try {
    await writeFile(options.pidfile, `${process.pid}\n`);
    await listen(server, `unix://${options.socketPath}`);
  } catch (error) {
    await rm(options.pidfile, { force: true }).catch(() => undefined);
    await engine.close('as-found');
    throw error;
  }
  protectFromOomKiller(log);
  trimWhenQuiet(engine.events);
  log.info({ socket: options.socketPath, data: options.dataRoot }, 'petri is ready');
  const stop = () => void shutDown(engine, server, options, log);
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.on('uncaughtException', (error) =>
    log.fatal({ err: error }, 'unexpected error: going on'),
  );
  process.on('unhandledRejection', (error) =>
    log.error({ err: error }, 'unexpected rejection: going on'),
  );
}

/** The kernel is to end a container before the engine, and with it the shims, which inherit this. */
function protectFromOomKiller(log: Logger): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '-500');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    log.info(
      { code },
      'no right to lower the score by which the kernel chooses when memory runs out',
    );
  }
}

/** Says goodbye to clients; containers run on. */
async function shutDown(
  engine: OpenEngine,
  server: Server,
  { pidfile, socketPath }: SupervisorOptions,
  log: Logger,
): Promise<void> {
  server.close();
  server.closeAllConnections();
  await rm(socketPath, { force: true });
  await rm(pidfile, { force: true });
  await engine.close();
  log.info('petri has ended; containers run on');
  process.exit(0);
}

// `node dist/supervisor.mjs` is the same as `petri supervisor`.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await main(process.argv.slice(2));
