/** An image store on folders of its own, and its archives as bytes. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { loadArchive } from '../../src/image/archive/load.ts';
import { saveImages } from '../../src/image/archive/save.ts';
import { historyOf } from '../../src/image/history.ts';
import type { Image } from '../../src/image/image.ts';
import type { ProgressLine } from '../../src/image/progress.ts';
import { ImageStore } from '../../src/image/store.ts';
import { Paths } from '../../src/store/paths.ts';
import { collect, inPieces } from './blobs.ts';

export interface TestImages {
  store: ImageStore;
  /** What the last load told. */
  told: ProgressLine[];
  load(archive: Buffer): Promise<string[]>;
  save(...names: string[]): Promise<Buffer>;
  history(image: Image): ReturnType<typeof historyOf>;
  /** Removes all images. */
  clear(): Promise<void>;
  /** What is on the disk. */
  leftovers(): string[];
  close(): void;
}

export async function openImages(): Promise<TestImages> {
  const root = mkdtempSync(join(tmpdir(), 'petri-images-'));
  const paths = new Paths(join(root, 'data'), join(root, 'run'));
  const store = await ImageStore.open(paths, pino({ level: 'silent' }));
  const { signal } = new AbortController();
  const images: TestImages = {
    store,
    told: [],
    load(archive) {
      images.told = [];
      return loadArchive(store, inPieces(archive), (line) => images.told.push(line), signal);
    },
    save: (...names) => collect(saveImages(store, names).archive),
    history: (image) => historyOf(store, image),
    async clear() {
      for (const { id } of store.list()) await store.remove(id, { force: true }, () => undefined);
    },
    leftovers: () =>
      ['images', 'layers', 'blobs', 'staging', 'trash'].flatMap((dir) =>
        readdirSync(join(paths.data, dir)).map((name) => `${dir}/${name}`),
      ),
    close: () => rmSync(root, { recursive: true }),
  };
  return images;
}
