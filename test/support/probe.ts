/** What isolation tests share: hostile images with a probe in them, and plans with one defence taken out. */
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoNames } from '../../src/kernel/generated/constants.ts';
import { numberSteps, type Step, type StepDraft } from '../../src/step/step.ts';
import { openTestEngine, type TestEngine } from './engine.ts';

export interface Arena extends TestEngine {
  /** A folder of the host, for canaries; removed at the end. */
  scratch: string;
  /** Makes an image of busybox, the probe, and what `arrange` puts into its root. */
  image(name: string, arrange: (root: string) => void, changes?: string[]): Promise<string>;
}

/** An engine whose image `probe` has busybox and `/probe` (test/support/probe.c). */
export async function openArena(
  changes: Parameters<typeof openTestEngine>[0] = {},
): Promise<Arena> {
  const tested = await openTestEngine(changes);
  const scratch = mkdtempSync(join(tmpdir(), 'petri-arena-'));
  const probe = join(scratch, 'probe');
  execFileSync('cc', [
    '-static',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-o',
    probe,
    'test/support/probe.c',
  ]);
  const closeEngine = tested.close.bind(tested);
  const arena: Arena = Object.assign(tested, {
    scratch,
    image: (name: string, arrange: (root: string) => void, changes?: string[]) =>
      makeImage(arena, name, arrange, changes),
    async close() {
      await closeEngine();
      rmSync(scratch, { recursive: true, force: true });
    },
  });
  await arena.image('probe', () => undefined);
  return arena;
}

async function makeImage(
  { engine, scratch }: Arena,
  name: string,
  arrange: (root: string) => void,
  changes: string[] = [],
): Promise<string> {
  const root = join(scratch, `image-${name}`);
  const archive = `${root}.tar`;
  mkdirSync(root);
  execFileSync('tar', ['-xpf', 'build/busybox.tar', '-C', root]);
  execFileSync('cp', [join(scratch, 'probe'), join(root, 'probe')]);
  execFileSync('chmod', ['0755', root, join(root, 'probe')]);
  arrange(root);
  execFileSync('tar', [
    '--xattrs',
    '--xattrs-include=*',
    '--sparse',
    '-cpf',
    archive,
    '-C',
    root,
    '.',
  ]);
  await engine.images.import(createReadStream(archive), { repo: name, tag: 'latest', changes });
  return name;
}

export type Alteration = (step: Step) => StepDraft | readonly StepDraft[];

/** Runs `work` with every plan altered: the defence that the alteration takes out is off. */
export async function altered<T>(
  { engine }: TestEngine,
  alteration: Alteration,
  work: () => Promise<T>,
): Promise<T> {
  engine.alterPlan = (steps) => numberSteps(steps.flatMap((step) => bare(alteration(step))));
  try {
    return await work();
  } finally {
    engine.alterPlan = (steps) => steps;
  }
}

/** The steps' old numbers would win over the new ones. */
function bare(drafts: StepDraft | readonly StepDraft[]): StepDraft[] {
  return [drafts].flat().map((draft) => {
    const { n: _, ...rest } = draft as Step;
    return rest;
  });
}

/** Leaves out the steps that `is` picks. */
export function without(is: (step: Step) => boolean): Alteration {
  return (step) => (is(step) ? [] : step);
}

/** Changes arguments of the steps that `is` picks. */
export function changed(is: (step: Step) => boolean, args: Step['args']): Alteration {
  return (step) => (is(step) ? { ...step, args: { ...step.args, ...args } } : step);
}

/** `PATH 30 …` lines of the probe as `PATH: EROFS`. */
export function answers(output: string): Record<string, string> {
  const lines = output.replaceAll('\r', '').split('\n').filter(Boolean);
  return Object.fromEntries(
    lines.map((line) => {
      const [what = '', error = '', ...more] = line.split(' ');
      const name = error === '0' ? 'ok' : (errnoNames as Record<string, string>)[error];
      return [what, [name ?? error, ...more].join(' ')];
    }),
  );
}
