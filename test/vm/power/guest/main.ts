/**
 * Runs inside the virtual machine whose power is cut, by its pid 1: starts the engine, looks at what the last cut has left, and
 * works until the power goes. Its lines that begin with `power:` are read outside (test/vm/power/expected.ts).
 */
import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Api } from '../../../support/api-client.ts';
import { seeded } from '../../../support/random.ts';
import { Guest, say, socketPath, wrong } from './engine.ts';
import { look } from './look.ts';
import { work } from './work.ts';

const log = '/run/supervisor.log';

function startEngine(): void {
  const out = openSync(log, 'w');
  const child = spawn('node', ['/petri/dist/supervisor.mjs'], { stdio: ['ignore', out, out] });
  child.on('exit', () => wrong(`the supervisor ended: ${readFileSync(log, 'utf8')}`));
}

/** Levels of pino's: errors, and what is worse. */
function lookAtLog(): void {
  for (const line of readFileSync(log, 'utf8').split('\n'))
    if (/"level":[56]0/.test(line)) wrong(`the supervisor says ${line}`);
}

async function untilRegistryAnswers(): Promise<void> {
  const answers = () =>
    new Promise<boolean>((resolve) => {
      get('http://127.0.0.1:5000/v2/', (answer) => resolve(answer.resume().statusCode === 200)).on(
        'error',
        () => resolve(false),
      );
    });
  while (!(await answers())) await delay(50);
}

startEngine();
spawn('docker-registry', ['serve', '/petri/power/registry.yml'], { stdio: 'ignore' });
await new Api(socketPath).ready(100_000);
await look(new Guest());
lookAtLog();
await untilRegistryAnswers();
say('ready');
const seed = /petri\.seed=(\d+)/.exec(readFileSync('/proc/cmdline', 'utf8'))?.[1];
await work(seeded(Number(seed)));
