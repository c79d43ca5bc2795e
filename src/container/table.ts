/**
 * The containers the engine knows, by id, name and unique prefix of the id. The indexes are derived
 * from the records, so they cannot disagree with them.
 */
import { EventEmitter } from 'node:events';
import { InvalidError, NotFoundError } from '../errors/errors.ts';
import type { ContainerPaths } from '../store/paths.ts';
import type { Result, Step } from '../step/step.ts';
import type { ContainerRecord } from './record.ts';

/** A container in memory: its record, where it lives, and who waits for it. */
export class Container extends EventEmitter<{
  /** The record's state changed. */
  state: [];
  /** A step was performed. */
  step: [Step, Result];
  removed: [];
}> {
  constructor(
    public record: ContainerRecord,
    readonly paths: ContainerPaths,
  ) {
    super();
    this.setMaxListeners(0);
  }
  get id(): string {
    return this.record.id;
  }
  get name(): string {
    return this.record.name;
  }
}

export class ContainerTable {
  readonly #byId = new Map<string, Container>();
  readonly #byName = new Map<string, Container>();

  add(container: Container): void {
    this.#byId.set(container.id, container);
    this.#byName.set(container.name, container);
  }

  delete(container: Container): void {
    this.#byId.delete(container.id);
    if (this.#byName.get(container.name) === container) this.#byName.delete(container.name);
  }

  rename(container: Container, oldName: string): void {
    this.#byName.delete(oldName);
    this.#byName.set(container.name, container);
  }

  byName(name: string): Container | undefined {
    return this.#byName.get(name);
  }

  all(): Container[] {
    return [...this.#byId.values()];
  }

  /**
   * Finds a container as docker does: full id, then name (with or without a leading slash), then a
   * unique prefix of an id.
   * @throws NotFoundError with docker's words
   * @throws InvalidError when a prefix fits several
   */
  find(ref: string): Container {
    const exact = this.#byId.get(ref) ?? this.#byName.get(ref.replace(/^\//, ''));
    if (exact) return exact;
    const matches = ref ? this.all().filter((container) => container.id.startsWith(ref)) : [];
    if (matches.length === 1) return matches[0] as Container;
    if (matches.length > 1)
      throw new InvalidError(
        `multiple containers found with the id prefix ${ref}: ${matches.map((match) => match.id.slice(0, 12)).join(', ')}`,
      );
    throw new NotFoundError(`No such container: ${ref}`);
  }
}
