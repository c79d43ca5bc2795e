/**
 * Starts the engine in the background when the default socket is not there, and waits until it
 * answers. The engine outlives the command that started it.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '../api/client/client.ts';
import { parseEndpoint } from '../api/client/endpoint.ts';
import { CommandError } from './errors.ts';

const waitMs = 15_000;
const logPath = '/run/petri/supervisor.log';

/** @throws CommandError when it may not be started, dies, or does not answer in time */
export async function startEngine(endpoint: string): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new CommandError(
      `no engine is running at ${endpoint}, and only root can start one\n` +
        'try: sudo petri …, or name a running engine in PETRI_HOST',
      125,
    );
  }
  mkdirSync(dirname(logPath), { recursive: true, mode: 0o700 });
  const log = openSync(logPath, 'a', 0o600);
  const supervisor = fileURLToPath(new URL('./supervisor.mjs', import.meta.url));
  const child = spawn(process.execPath, [supervisor], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
  });
  closeSync(log);
  const death = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(deathError(signal ?? `exit code ${code}`)));
  });
  try {
    await Promise.race([answers(endpoint), death]).catch((error) => orAnother(endpoint, error));
  } finally {
    child.removeAllListeners();
    child.unref();
  }
}

/** Two commands at once start two engines; the one that came second ends, and the first will answer. */
async function orAnother(endpoint: string, error: unknown): Promise<void> {
  if (!/is in use by/.test(String(error))) throw error;
  await answers(endpoint);
}

/** Resolves when the engine answers: tried when the run folder changes, and at least four times a second. */
async function answers(endpoint: string): Promise<void> {
  const { socketPath = '' } = parseEndpoint(endpoint);
  const deadline = Date.now() + waitMs;
  while (!(await isAnswering(endpoint))) {
    if (Date.now() > deadline) {
      throw new CommandError(
        `the engine did not answer within ${waitMs / 1000} s; its log ${logPath} ends:\n${logEnd()}`,
        125,
      );
    }
    await changeIn(dirname(socketPath), 250);
  }
}

async function isAnswering(endpoint: string): Promise<boolean> {
  const client = new Client(parseEndpoint(endpoint));
  try {
    await client.ping();
    return true;
  } catch {
    return false; // not there yet: why is told at the deadline, by its log
  } finally {
    client.close();
  }
}

function changeIn(folder: string, atMostMs: number): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder, finish);
    const timer = setTimeout(finish, atMostMs);
    function finish(): void {
      clearTimeout(timer);
      watcher.close();
      resolve();
    }
  });
}

function deathError(how: string): CommandError {
  return new CommandError(
    `the engine could not start (${how}); its log ${logPath} ends:\n${logEnd()}`,
    125,
  );
}

function logEnd(): string {
  const lines = readFileSync(logPath, 'utf8').trimEnd().split('\n');
  return lines
    .slice(-10)
    .map((line) => `  ${line}`)
    .join('\n');
}
