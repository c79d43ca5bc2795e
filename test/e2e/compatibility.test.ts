/**
 * Petri beside dockerd, petri beside docker: each case of test/e2e/compatibility/ through both command lines against
 * both engines, word for word. docs/COMPATIBILITY.md is what came of it (UPDATE=1 renews it).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Case, clients, judge, type Outcomes, outcome } from '../support/compatibility.ts';
import { compatibilityPage } from '../support/compatibility-page.ts';
import {
  dockerdVersion,
  type RunningEngine,
  startDockerd,
  startPetri,
} from '../support/engines.ts';
import { execCases } from './compatibility/exec.ts';
import { filesCases } from './compatibility/files.ts';
import { imagesCases } from './compatibility/images.ts';
import { lifecycleCases } from './compatibility/lifecycle.ts';
import { lookCases } from './compatibility/look.ts';
import { networkCases } from './compatibility/networks.ts';
import { portCases } from './compatibility/ports.ts';
import { runCases } from './compatibility/run.ts';
import { systemCases } from './compatibility/system.ts';
import { volumesCases } from './compatibility/volumes.ts';

const cases = [
  ...runCases,
  ...lifecycleCases,
  ...lookCases,
  ...execCases,
  ...filesCases,
  ...imagesCases,
  ...networkCases,
  ...portCases,
  ...systemCases,
  ...volumesCases,
];
/** Of what a case creates: the same for all clients and engines, and nobody else's. */
const nameOf = (one: Case) => `c${cases.indexOf(one)}`;

const dockerVersion =
  /version ([\d.]+)/.exec(spawnSync('docker', ['--version'], { encoding: 'utf8' }).stdout)?.[1] ??
  '';
/** Another docker's own words are others; petri speaks as this one. */
const isKnown = Number.parseInt(dockerVersion, 10) === 28;
/** The page tells of dockerd 20.10, as do the differences that are declared. */
const isReference = dockerdVersion()?.startsWith('20.10.') ?? false;

const engines: Record<string, RunningEngine> = {};
let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'petri-compatibility-'));
  const [petri, dockerd] = await Promise.all([
    startPetri(join(root, 'petri')),
    isReference ? startDockerd(join(root, 'dockerd')) : undefined,
  ]);
  engines.Petri = petri;
  if (dockerd) engines.dockerd = dockerd;
  for (const { api } of Object.values(engines)) await api.importBusybox('build/busybox.tar');
});
afterAll(async () => {
  for (const engine of Object.values(engines)) await engine.stop();
  rmSync(root, { recursive: true, force: true });
});

/** Engines side by side, the clients of one in turn: they use the same names. */
async function compare(one: Case): Promise<void> {
  const outcomes: Record<string, string> = {};
  const through = async ([name, engine]: [string, RunningEngine]) => {
    for (const client of clients)
      outcomes[`${client} → ${name}`] = await outcome(one, client, engine, nameOf(one));
  };
  await Promise.all(Object.entries(engines).map(through));
  judge(one, outcomes satisfies Outcomes);
}
describe.skipIf(!isKnown)(
  `both clients on both engines (skipped unless docker is 28, here ${dockerVersion})`,
  () => {
    describe.concurrent('each by itself', () => {
      test.concurrent.each(cases.filter(({ alone }) => !alone))('$row: $script', compare);
    });
    describe('all that an engine has', () => {
      beforeAll(async () => {
        // What others have left without a name.
        for (const { api } of Object.values(engines)) {
          await api.call('POST', '/images/prune');
          await api.call('POST', '/volumes/prune');
        }
      });
      test.each(cases.filter(({ alone }) => alone))('$row: $script', compare);
    });
  },
);

test.skipIf(!isKnown || !isReference)(
  `docs/COMPATIBILITY.md says what was found (skipped without dockerd 20.10, here ${dockerdVersion() ?? 'none'})`,
  () => {
    const path = new URL('../../docs/COMPATIBILITY.md', import.meta.url);
    const page = compatibilityPage(cases, { docker: '28', dockerd: '20.10' });
    if (process.env.UPDATE) writeFileSync(path, page);
    expect(readFileSync(path, 'utf8')).toBe(page);
  },
);
