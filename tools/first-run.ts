/**
 * `make run`: a real container, and an account of how it came to be. Everything goes through
 * `bin/petri`, as a user would type it; the first command starts the supervisor.
 */
import { spawnSync } from 'node:child_process';
import { summary } from '../src/explain/summary.ts';
import type { Result, Step } from '../src/step/step.ts';

const PETRI = 'bin/petri';
const NAME = `first-run-${process.pid}`;

/** What runs in the container: it tells what it sees. */
const PROGRAM = [
  'echo "my name        $(hostname)"',
  'set -- /proc/[0-9]*; echo "my process id  $$, and all I see are $#"',
  'echo "my address     $(ip -4 -o addr show dev eth0 | awk \'{ print $4 }\')"',
  'echo "my root        $(ls -d /* | xargs)"',
  'echo "my devices     $(ls /dev | xargs)"',
].join('\n');

function main(): void {
  if (process.getuid?.() !== 0) fail('a container engine needs root: sudo make run');
  provideImage();
  console.log("\n$ petri run busybox sh -c '…'\n");
  try {
    petri(['run', '--name', NAME, 'busybox', 'sh', '-c', PROGRAM]);
    console.log(`\n${account()}`);
  } finally {
    spawnSync(PETRI, ['rm', '-f', NAME]);
  }
  console.log(NEXT);
}

const NEXT = `Now try
  bin/petri run -it busybox sh                    a shell in a container of your own
  bin/petri run --explain --rm busybox true       every step as it happens, and why
  docker -H unix:///run/petri/petri.sock ps -a    docker's own command, if it is here, on this engine

The supervisor is still running; stop it by: kill $(cat /run/petri/petri.pid)`;

/** The fixture, when there is no image of that name yet. */
function provideImage(): void {
  if (spawnSync(PETRI, ['image', 'inspect', 'busybox']).status === 0) return;
  petri(['import', '-c', 'CMD ["sh"]', 'build/busybox.tar', 'busybox:latest'], 'ignore');
}

function account(): string {
  const text = petri(['explain', '--format', 'json', NAME], 'pipe');
  const { Steps, Results } = JSON.parse(text) as { Steps: Step[]; Results: Result[] };
  return summary(Steps, Results, { width: process.stdout.columns ?? 100 });
}

/** Runs bin/petri and ends this program when it fails. */
function petri(args: readonly string[], stdout: 'inherit' | 'pipe' | 'ignore' = 'inherit'): string {
  const { status, stdout: text } = spawnSync(PETRI, args, {
    stdio: ['ignore', stdout, 'inherit'],
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) fail(`bin/petri ${args[0]} ended with status ${status}`);
  return text ?? '';
}

function fail(message: string): never {
  console.error(`petri: ${message}`);
  process.exit(1);
}

main();
