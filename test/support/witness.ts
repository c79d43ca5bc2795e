/** What must be the same after something bad was sent: objects, files, what the kernel holds, and the process itself. */
import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { type Census, census, expectNoLeak } from './census.ts';
import type { Supervisor } from './supervisor.ts';

export interface Witness {
  pid: number;
  objects: Record<string, unknown>;
  /** Every path under the data root with its size; logs may grow, and explanations are written late. */
  files: string;
  census: Census;
}

interface Summary {
  Id: string;
  Names: string[];
  State: string;
}

export async function witness(engine: Supervisor): Promise<Witness> {
  const { pid, root, bridge } = engine;
  const dataRoot = `${root}/data`;
  return {
    pid,
    objects: await objectsOf(engine),
    files: filesBelow(dataRoot),
    census: await census({ supervisorPid: pid, dataRoot, runRoot: `${root}/run`, bridge }),
  };
}

/** Containers with their states and settings, images, networks, volumes. */
export async function objectsOf(engine: Supervisor): Promise<Record<string, unknown>> {
  const get = async <T>(path: string): Promise<T> =>
    JSON.parse((await engine.api('GET', path)).text) as T;
  const containers = await get<Summary[]>('/containers/json?all=1');
  const settings = containers.map(async ({ Id, Names, State }) => {
    const { Config, HostConfig } = await get<Record<string, unknown>>(`/containers/${Id}/json`);
    return { Id, Names, State, Config, HostConfig };
  });
  return {
    containers: await Promise.all(settings),
    images: (await get<object[]>('/images/json?all=1')).map((image) => JSON.stringify(image)),
    networks: (await get<{ Id: string }[]>('/networks')).map(({ Id }) => Id),
    volumes: await get('/volumes'),
  };
}

/** @throws when anything is not as it was */
export async function expectUnchanged(engine: Supervisor, before: Witness): Promise<void> {
  expect(await engine.answers()).toBe(true);
  expect(engine.pid).toBe(before.pid);
  expect(() => process.kill(before.pid, 0)).not.toThrow();
  expect(await objectsOf(engine)).toEqual(before.objects);
  expect(filesBelow(`${engine.root}/data`)).toBe(before.files);
  await expectNoLeak(before.census);
  expect(faultsIn(engine.log)).toEqual([]);
}

/** What the supervisor says of faults of its own. */
export function faultsIn(log: string): string[] {
  return (
    log
      .split('\n')
      .filter((line) => /"level":(50|60)|unexpected (error|rejection)|a request failed/.test(line))
      // A registry that is not there is docker's 500, and no fault of the engine.
      .filter((line) => !/dial tcp/.test(line))
  );
}

/** Names alone of what grows by itself. */
function filesBelow(root: string): string {
  const found = execFileSync('find', [root, '-printf', '%P %y %s %m\\n'], { encoding: 'utf8' });
  return found
    .split('\n')
    .filter((line) => !/\/steps\.json |^trash\//.test(line))
    .map((line) => line.replace(/^(events\S*|trash|containers\/\w+\/log\S*) .*/, '$1'))
    .sort()
    .join('\n');
}
