import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningShim, readAll, type Scenario, startShim, unframe } from '../support/shim.ts';

let running: RunningShim[] = [];
afterEach(async () => {
  await Promise.all(running.map((shim) => shim.dispose()));
  running = [];
});

async function start(scenario: Scenario, attach: string[] = []) {
  const shim = await startShim(scenario, attach);
  running.push(shim);
  return shim;
}

describe('a program run by the shim', () => {
  it('has its output attached and logged, and its exit told and recorded', async () => {
    const shim = await start({ argv: ['sh', '-c', 'echo out; echo err >&2; exit 3'] }, [
      'attach oe',
    ]);
    const output = unframe(await readAll(shim.attached[0]!));
    expect(output).toEqual({ stdout: 'out\n', stderr: 'err\n' });
    const exit = await shim.control.line('exit');
    expect(exit).toMatchObject({ exitCode: 3, signal: 0 });
    const log = readFileSync(shim.log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(log.map(({ log, stream }) => [stream, log]).sort()).toEqual([
      ['stderr', 'err\n'],
      ['stdout', 'out\n'],
    ]);
    expect(JSON.parse(readFileSync(`${shim.dir}/exit`, 'utf8'))).toMatchObject({
      exitCode: 3,
      signal: 0,
    });
  });
});
