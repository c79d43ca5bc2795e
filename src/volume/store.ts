/**
 * The volumes there are, read from their records when the engine starts. What changes the set of them happens one
 * after the other (`lock`): nobody is given a volume that somebody else is removing, and nothing that somebody holds
 * is removed.
 */
import { readdir } from 'node:fs/promises';
import type { Logger } from 'pino';
import { NotFoundError } from '../errors/errors.ts';
import { Holds } from '../image/holds.ts';
import type { Paths, VolumePaths } from '../store/paths.ts';
import { Lock } from '../store/queue.ts';
import { quarantine, readRecord } from '../store/record.ts';
import { isVolumeName } from './name.ts';
import { deviceOf, type VolumeDevice } from './options.ts';
import { type VolumeRecord, volumeRecordSchema } from './record.ts';

export class Volume {
  /** Mounting it, unmounting it and filling it queue here. */
  readonly lock = new Lock();
  /** Who has it mounted: ids of running containers, and who looks at the files of one that does not run. */
  readonly holders = new Set<string>();
  /** What is mounted on its folder; undefined: nothing, the folder itself is the volume. */
  readonly device: VolumeDevice | undefined;

  constructor(
    readonly record: VolumeRecord,
    readonly paths: VolumePaths,
  ) {
    this.device = deviceOf(record.options);
  }
  get name(): string {
    return this.record.name;
  }
}

export class VolumeStore {
  readonly lock = new Lock();
  readonly #byName = new Map<string, Volume>();
  readonly #holds = new Holds<string>();

  private constructor(
    readonly paths: Paths,
    readonly log: Logger,
  ) {}

  static async open(paths: Paths, log: Logger): Promise<VolumeStore> {
    const store = new VolumeStore(paths, log);
    for (const name of await readdir(paths.volumes))
      if (isVolumeName(name)) await store.#load(name);
    return store;
  }

  async #load(name: string): Promise<void> {
    const paths = this.paths.volume(name);
    try {
      const record = await readRecord(paths.record, volumeRecordSchema);
      if (record.name !== name) throw new Error(`the record says it is ${record.name}`);
      this.add(new Volume(record, paths));
    } catch (error) {
      await quarantine(paths.dir, error, this.log);
    }
  }

  add(volume: Volume): void {
    this.#byName.set(volume.name, volume);
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }

  get(name: string): Volume | undefined {
    return this.#byName.get(name);
  }

  /** @throws NotFoundError with docker's words */
  find(name: string): Volume {
    const volume = this.#byName.get(name);
    if (!volume) throw new NotFoundError(`get ${name}: no such volume`);
    return volume;
  }

  /** By their names. */
  all(): Volume[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Keeps a volume from being removed. @returns ends that */
  hold(name: string): () => void {
    return this.#holds.hold(name);
  }

  isHeld(name: string): boolean {
    return this.#holds.has(name);
  }
}
