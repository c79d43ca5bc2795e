/** Looks at what a power cut has left, says what is there and what is wrong with it, and removes it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Guest, say, wrong } from './engine.ts';

const data = '/var/lib/petri';
const checkSums =
  'cd / && for list in sums*; do sha256sum -c $list >/dev/null || exit; done; echo whole';

export async function look(guest: Guest): Promise<void> {
  lookAtFolders();
  await lookAtImages(guest);
  await lookAtContainers(guest);
  await removeEverything(guest);
}

const list = (folder: string) => readdirSync(join(data, folder)).filter((name) => name !== 'init');

function lookAtFolders(): void {
  for (const folder of ['.', 'containers', 'images', 'layers'])
    for (const name of list(folder))
      if (name.includes('.broken-')) wrong(`set aside: ${folder}/${name}`);
  for (const folder of ['staging', 'trash'])
    for (const name of list(folder)) wrong(`left in ${folder}: ${name}`);
  for (const name of list('blobs')) {
    const bytes = readFileSync(join(data, 'blobs', name));
    const hex = createHash('sha256').update(bytes).digest('hex');
    if (hex !== name) wrong(`blob ${name} is ${hex}, ${bytes.length} bytes`);
  }
}

interface ImageSummary {
  Id: string;
  RepoTags: string[] | null;
}

async function lookAtImages(guest: Guest): Promise<void> {
  for (const { Id, RepoTags } of await guest.get<ImageSummary[]>('/images/json')) {
    const names = RepoTags ?? [];
    try {
      await guest.create(Id, 'look', checkSums);
      const output = await guest.start('look');
      if (!output.endsWith('whole\n')) wrong(`image ${names}: ${output}`);
      await guest.remove('/containers/look');
      // What a layer is made of must give the archive that its name is the digest of.
      await guest.get(`/images/${Id}/get`);
    } catch (error) {
      wrong(`image ${names}: ${(error as Error).message}`);
    }
    for (const name of names) say(`image ${name}`);
  }
}

interface ContainerSummary {
  Id: string;
  Names: string[];
}

async function lookAtContainers(guest: Guest): Promise<void> {
  for (const { Id, Names } of await guest.get<ContainerSummary[]>('/containers/json?all=1')) {
    const name = Names[0]?.slice(1) ?? '';
    try {
      const { State } = await guest.get<{ State: { Status: string } }>(`/containers/${Id}/json`);
      if (!['created', 'exited'].includes(State.Status))
        wrong(`container ${name}: ${State.Status}`);
      const output = name.startsWith('made-') ? await guest.start(Id) : 'hi\n';
      if (!output.endsWith('hi\n')) wrong(`container ${name} says ${output}`);
    } catch (error) {
      wrong(`container ${name}: ${(error as Error).message}`);
    }
    say(`container ${name}`);
  }
}

async function removeEverything(guest: Guest): Promise<void> {
  for (const { Id } of await guest.get<ContainerSummary[]>('/containers/json?all=1'))
    await guest.remove(`/containers/${Id}?force=1`);
  for (const { Id } of await guest.get<ImageSummary[]>('/images/json'))
    await guest.remove(`/images/${Id}?force=1`);
  for (const folder of ['containers', 'images', 'layers', 'blobs', 'staging', 'trash'])
    for (const name of list(folder)) wrong(`stays in ${folder}: ${name}`);
}
