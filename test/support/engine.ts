/** A whole engine inside the test's process, on roots and a bridge of its own, with busybox in it. */
import { randomBytes, randomInt } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pino from 'pino';
import type { ContainerConfig, CreateRequest, HostConfig } from '../../src/container/config.ts';
import { create } from '../../src/container/create.ts';
import { logs } from '../../src/container/logs.ts';
import { remove } from '../../src/container/remove.ts';
import { start } from '../../src/container/start.ts';
import type { Container } from '../../src/container/table.ts';
import { type Exit, wait } from '../../src/container/wait.ts';
import { reap } from '../../src/kernel/spawn.ts';
import { type OpenEngine, type OpenOptions, openEngine } from '../../src/supervisor/open.ts';
import { CONFIG, HOST_CONFIG } from './plan-input.ts';
import { readProcesses } from './processes.ts';

export interface TestEngine {
  engine: OpenEngine;
  options: OpenOptions;
  /** Lets go of it as a kill would, and opens another on the same roots. */
  reopen(): Promise<void>;
  /** Removes every container, the bridge and the folders. */
  close(): Promise<void>;
}

const SHIM = process.env.PETRI_TEST_SHIM ?? 'build/petri-shim';
const BUSYBOX = 'build/busybox.tar';

export async function openTestEngine(changes: Partial<OpenOptions> = {}): Promise<TestEngine> {
  // As the supervisor's own: what needs other modes must ask for them.
  process.umask(0o077);
  const root = await mkdtemp(join(tmpdir(), 'petri-test-'));
  const options: OpenOptions = {
    dataRoot: join(root, 'data'),
    execRoot: join(root, 'run'),
    bridge: `pt${randomBytes(3).toString('hex')}`,
    bip: `10.${randomInt(200, 250)}.${randomInt(0, 250)}.1/24`,
    shimPath: SHIM,
    unpackWorkerPath: resolve('dist/unpack-worker.mjs'),
    log: pino(
      { level: process.env.PETRI_TEST_LOG ?? 'silent' },
      pino.destination({ fd: 2, sync: true }),
    ),
    ...changes,
  };
  const test: TestEngine = {
    engine: await openEngine(options),
    options,
    async reopen() {
      await this.engine.close();
      // Of a supervisor that has died init would collect them; this process lives on, and is their parent.
      for (const { pid, parent, name } of readProcesses().values())
        if (parent === process.pid && name === 'petri-shim') void reap(pid, 60_000);
      this.engine = await openEngine(options);
    },
    async close() {
      for (const container of this.engine.containers.all())
        await remove(this.engine, container, { force: true, volumes: true });
      await this.engine.close('remove');
      await rm(root, { recursive: true });
    },
  };
  await test.engine.images.import(createReadStream(BUSYBOX), {
    repo: 'busybox',
    tag: 'latest',
    changes: ['CMD ["sh"]'],
  });
  return test;
}

export function request(
  command: string[],
  config: Partial<ContainerConfig> = {},
  hostConfig: Partial<HostConfig> = {},
): CreateRequest {
  return {
    config: { ...CONFIG, Hostname: '', Image: 'busybox', Cmd: command, ...config },
    hostConfig: { ...HOST_CONFIG, ...hostConfig },
  };
}

/** Creates and starts. */
export async function launch(
  { engine }: TestEngine,
  ...spec: Parameters<typeof request>
): Promise<Container> {
  const { id } = await create(engine, request(...spec));
  const container = engine.containers.find(id);
  await start(engine, container);
  return container;
}

export function exitOf({ engine }: TestEngine, container: Container): Promise<Exit> {
  return wait(engine, container, 'not-running', new AbortController().signal);
}

export async function outputOf({ engine }: TestEngine, container: Container): Promise<string> {
  let text = '';
  const options = { stdout: true, stderr: true, follow: false };
  for await (const batch of logs(engine, container, options, new AbortController().signal))
    for (const entry of batch) text += entry.text;
  return text;
}

/** Creates, starts, waits, and removes: what it printed and how it ended. */
export async function run(
  test: TestEngine,
  ...spec: Parameters<typeof request>
): Promise<Exit & { output: string }> {
  const container = await launch(test, ...spec);
  const exit = await exitOf(test, container);
  const output = await outputOf(test, container);
  await remove(test.engine, container, { force: false, volumes: true });
  return { ...exit, output };
}
