/**
 * The same shell script through docker's command and petri's, against Petri and against dockerd: what each says, with
 * what cannot be the same (ids, times, names of programs and folders) replaced by words.
 */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import type { RunningEngine } from './engines.ts';
import { run } from './supervisor.ts';

export interface Case {
  /** The command and the group of options it belongs to: a row of docs/COMPATIBILITY.md. */
  readonly row: string;
  /** Names what it creates by `$N`; names are the same for all, and what has them is removed afterwards. */
  readonly script: string;
  /** It sees all that the engine has: nothing else may run beside it. */
  readonly alone?: true;
  /** What else differs from one time to the next. */
  readonly normalise?: readonly (readonly [RegExp, string])[];
  /** Spaces count: a table whose columns do not depend on ids and times. */
  readonly exact?: true;
  /** Where Petri is meant to be another than dockerd of the version compared with, whichever client asks. */
  readonly engineDiffers?: Difference;
  /** Where petri is meant to say other than docker, whichever engine it asks. */
  readonly clientDiffers?: Difference;
}

export interface Difference {
  readonly reason: string;
  /** What Petri, or petri, says instead. */
  readonly shows: RegExp;
}

export const clients = ['docker', 'petri'] as const;
export type Client = (typeof clients)[number];

/** What the script reads of the tests: images, and how to wait. */
const PRELUDE = `
until_true() { for _ in $(seq 400); do "$@" >/dev/null 2>&1 && return; sleep 0.025; done; echo "in vain: $*"; exit 99; }
says() { until_true sh -c "docker logs $1 2>&1 | grep -q -e '$2'"; }
ended() { until_true sh -c "docker inspect -f '{{.State.Status}}' $1 | grep -qx exited"; }
`;

/** Who said what: `docker → Petri` and so on. */
export type Outcomes = Readonly<Record<string, string>>;

/** Runs one case through one client on one engine, removes what it made, and tells in one text what it said. */
export async function outcome(
  { script, normalise = [], exact }: Case,
  client: Client,
  engine: RunningEngine,
  name: string,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'petri-case-'));
  symlinkSync(resolve('build/busybox.tar'), join(folder, 'busybox.tar'));
  const environment = {
    D: client === 'docker' ? 'docker' : resolve('bin/petri'),
    N: name,
    DOCKER_HOST: `unix://${engine.socketPath}`,
    DOCKER_CONFIG: folder,
    HOME: folder,
    TERM: 'xterm',
    TZ: 'UTC',
  };
  try {
    const whole = `cd ${folder}\n${PRELUDE}\n${script}`;
    const { code, stdout, stderr } = await run('timeout', ['60', 'bash', '-c', whole], environment);
    const text = `exit ${code}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`.replaceAll(
      folder,
      '$PWD',
    );
    return normalise.reduce(
      (changed, [pattern, by]) => changed.replace(pattern, by),
      usual(exact ? text : text.replace(/ {2,}/g, '  ')),
    );
  } finally {
    await tidy(engine, name);
    rmSync(folder, { recursive: true });
  }
}

/** What differs for every engine, every time. */
function usual(text: string): string {
  return text
    .replaceAll(resolve('bin/petri'), 'docker')
    .replace(/^petri: /gm, 'docker: ')
    .replace(/(^Usage: +|'|^\t|unknown command: )petri\b/gm, '$1docker')
    .replace(/[0-9a-f]{64}/g, 'ID64')
    .replace(/\b[0-9a-f]{12}\b/g, 'ID12')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, 'TIME')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \w+/g, 'TIME')
    .replace(
      /(Less than a second|\d+ seconds?|About a minute|\d+ minutes?)(?= ago| *\(|$|\s)/gm,
      'AGE',
    )
    .replace(STARTED_BY_RUNC, 'cannot start container: $1')
    .replace(/cannot start container [\w.-]+: /g, 'cannot start container: ')
    .replace(/^time="TIME" level=error .*\n/gm, '');
}

/** dockerd tells by whose hands a start failed: those of containerd and runc, which Petri does not have. */
const STARTED_BY_RUNC =
  /failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: (.*): unknown/g;

/** Containers, images, networks and volumes that are named after the case. */
async function tidy({ api }: RunningEngine, name: string): Promise<void> {
  const containers = await api.call<{ Id: string; Names: string[] }[]>(
    'GET',
    '/containers/json?all=1',
  );
  for (const { Id, Names } of containers)
    if (Names.some((each) => each.startsWith(`/${name}`)))
      await api.call('DELETE', `/containers/${Id}?force=1&v=1`);
  const images = await api.call<{ RepoTags: string[] | null }[]>('GET', '/images/json');
  for (const tag of images.flatMap(({ RepoTags }) => RepoTags ?? []))
    if (tag.startsWith(`${name}:`))
      await api.call('DELETE', `/images/${encodeURIComponent(tag)}?force=1`);
  const networks = await api.call<{ Id: string; Name: string }[]>('GET', '/networks');
  for (const { Id, Name } of networks)
    if (Name === name || Name.startsWith(`${name}-`)) await api.call('DELETE', `/networks/${Id}`);
  const filters = encodeURIComponent(JSON.stringify({ name: [name] }));
  const { Volumes } = await api.call<{ Volumes: { Name: string }[] | null }>(
    'GET',
    `/volumes?filters=${filters}`,
  );
  for (const { Name } of Volumes ?? [])
    if (new RegExp(`^${name}(-|$)`).test(Name))
      await api.call('DELETE', `/volumes/${Name}?force=1`);
}

/**
 * Holds a case's outcomes to what it claims: all the same, but where a difference is declared; and one that is
 * declared must be there.
 * @throws Error
 */
export function judge(one: Case, outcomes: Outcomes): void {
  const { engineDiffers, clientDiffers } = one;
  const said = (client: Client, engine: string) => outcomes[`${client} → ${engine}`];
  const engines = said('docker', 'dockerd') === undefined ? ['Petri'] : ['Petri', 'dockerd'];
  if (!clientDiffers)
    for (const engine of engines)
      expect(said('petri', engine), `petri beside docker on ${engine}`).toBe(
        said('docker', engine),
      );
  if (!engineDiffers && engines.length > 1)
    for (const client of clients)
      expect(said(client, 'Petri'), `Petri beside dockerd, by ${client}`).toBe(
        said(client, 'dockerd'),
      );
  if (clientDiffers) expect(said('petri', 'Petri')).toMatch(clientDiffers.shows);
  if (engineDiffers) expect(said('docker', 'Petri')).toMatch(engineDiffers.shows);
  if (clientDiffers) expect(said('petri', 'Petri')).not.toBe(said('docker', 'Petri'));
  if (engineDiffers && engines.length > 1)
    expect(said('docker', 'Petri')).not.toBe(said('docker', 'dockerd'));
}
