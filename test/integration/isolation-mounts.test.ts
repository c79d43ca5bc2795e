/**
 * A mount beneath a folder or a volume that another container has too, and swaps for a link while the mount is made
 * (S06, S12): CVE-2021-30465, CVE-2025-52881. Wherever it lands, it lands in the container.
 */
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { create } from '../../src/container/create.ts';
import { remove } from '../../src/container/remove.ts';
import { start } from '../../src/container/start.ts';
import type { Container } from '../../src/container/table.ts';
import { StartError } from '../../src/errors/errors.ts';
import { type Step, type StepDraft, slot } from '../../src/step/step.ts';
import { createVolume } from '../../src/volume/create.ts';
import { removeVolume } from '../../src/volume/remove.ts';
import { exitOf, launch, outputOf, request } from '../support/engine.ts';
import { type Arena, altered, openArena } from '../support/probe.ts';

const STARTS = 300;
let arena: Arena;
beforeAll(async () => {
  arena = await openArena();
});
afterAll(() => arena.close());

let trial = 0;
/** Shared by both containers; it holds `real`, a folder, and `link`, which leads to the canary. */
let shared: string;
/** A folder of the host that no container was given. */
let canary: string;
let payload: string;
let peer: Container;
beforeEach(async () => {
  const root = join(arena.scratch, `trial-${trial++}`);
  [shared, canary, payload] = ['shared', 'canary', 'payload'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [shared, canary, payload, join(shared, 'real')])
    mkdirSync(folder, { recursive: true });
  symlinkSync(canary, join(shared, 'link'));
  peer = await launch(
    arena,
    ['/probe', 'swap', '/data/real', '/data/link'],
    { Image: 'probe' },
    { Binds: [`${shared}:/data`], NetworkMode: 'none' },
  );
  return async () => {
    await remove(arena.engine, peer, { force: true, volumes: true });
    const { volumes } = arena.engine;
    for (const { name } of volumes.all()) await removeVolume(volumes, name, () => []);
  };
});

/** One start with a mount beneath what is being swapped; whether it came to run. */
async function victim(source = shared, mounted = payload): Promise<boolean> {
  const { engine } = arena;
  const host = { Binds: [`${source}:/data`, `${mounted}:/data/real/x`], NetworkMode: 'none' };
  const { id } = await create(engine, request(['true'], { Image: 'probe' }, host));
  const container = engine.containers.find(id);
  try {
    await start(engine, container);
    await exitOf(arena, container);
    return true;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return false;
  } finally {
    await remove(engine, container, { force: true, volumes: true });
  }
}

const hostMounts = () => readFileSync('/proc/self/mountinfo', 'utf8');

describe('a folder swapped for a link while a mount is made beneath it', () => {
  test(`in ${STARTS} starts the host sees nothing of it`, { timeout: 180_000 }, async () => {
    const before = hostMounts();
    const outcomes = new Set<boolean>();
    for (let i = 0; i < STARTS; i++) outcomes.add(await victim());
    expect(readdirSync(canary)).toEqual([]);
    expect(readdirSync(payload)).toEqual([]);
    expect(hostMounts()).toBe(before);
    // It did swap: some met the folder, some the link, which leads nowhere in the container.
    expect([...outcomes].sort()).toEqual([false, true]);
    expect((await outputOf(arena, peer)) + peer.record.state.status).toBe('running');
  });

  test(`and nothing with volumes, of which one is the folder`, { timeout: 180_000 }, async () => {
    const options = { type: 'none', device: shared, o: 'bind' };
    const request = { name: 'shared', driver: '', labels: null, options };
    (await createVolume(arena.engine.volumes, request)).release();
    const before = hostMounts();
    const outcomes = new Set<boolean>();
    for (let i = 0; i < STARTS / 2; i++) outcomes.add(await victim('shared', 'payload'));
    expect(readdirSync(canary)).toEqual([]);
    expect(readdirSync(arena.engine.paths.volume('payload').data)).toEqual([]);
    expect(hostMounts()).toBe(before);
    expect([...outcomes].sort()).toEqual([false, true]);
  });

  test('and by paths, before the root is left, it would reach the host', async () => {
    let reached = false;
    await altered(arena, byPath, async () => {
      for (let i = 0; i < STARTS && !reached; i++) {
        await victim();
        reached = readdirSync(canary).includes('x');
      }
    });
    expect(reached).toBe(true);
  });
});

/** The naive way: the targets are made by path below the new root while the host's is still `/`. */
function byPath(step: Step): StepDraft | StepDraft[] {
  if (step.call === 'pivot_root') return [...naive(), step];
  return step.phase === 'mounts' && String(step.why).includes('/data') ? [] : step;
}

function naive(): StepDraft[] {
  const draft = (call: string, args: Step['args'], accept?: string): StepDraft => ({
    actor: 'init',
    phase: 'rootfs',
    call,
    args,
    why: 'as a careless engine would',
    see: `${call}(2)`,
    sh: '#',
    ...(accept && { accept }),
  });
  return [
    draft('mkdir', { path: 'data', mode: 0o755 }, 'EEXIST'),
    draft('move_mount', {
      from: slot('source of /data'),
      from_path: '',
      to: 'AT_FDCWD',
      to_path: 'data',
      flags: ['MOVE_MOUNT_F_EMPTY_PATH'],
    }),
    draft('mkdir', { path: 'data/real/x', mode: 0o755 }, 'EEXIST'),
  ];
}
