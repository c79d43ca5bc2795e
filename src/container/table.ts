/**
 * The containers the engine knows, by id, name and unique prefix of the id. The indexes are derived
 * from the records, so they cannot disagree with them.
 */
import { EventEmitter } from 'node:events';
import { ConflictError, InvalidError, NotFoundError } from '../errors/errors.ts';
import type { Result, Step } from '../step/step.ts';
import type { ContainerPaths } from '../store/paths.ts';
import { Lock } from '../store/queue.ts';
import type { PendingAttach } from './attach.ts';
import type { Exec } from './exec/exec.ts';
import type { Health } from './health.ts';
import { assertName } from './names.ts';
import type { ContainerRecord } from './record.ts';
import type { ShimLink } from './shim-link.ts';
import type { Execution } from './steps-file.ts';

/** A container in memory: its record, where it lives, and who waits for it. */
export class Container extends EventEmitter<{
  /** The record's state changed and is stored. */
  state: [];
  /** A step was performed. */
  step: [Step, Result];
  /** It ended and its record says so: exit code, and why if not by its own will. */
  exit: [exitCode: number, error: string];
  removed: [];
}> {
  /** Verbs that change the record queue here. */
  readonly lock = new Lock();
  /** The connection to its shim while it is alive. */
  link: ShimLink | undefined;
  /** Attached before it was started. */
  readonly pendingAttaches = new Set<PendingAttach>();
  /** Its execs by id: known until it is removed, or for a while after they have ended. */
  readonly execs = new Map<string, Exec>();
  /** Rows and columns for the terminal, as last asked for. */
  terminalSize: [rows: number, columns: number] = [0, 0];
  /** Steps and results of the last start in this supervisor's life. */
  execution: Execution | undefined;
  /** The user asked it to stop: no restart policy counts. */
  stopRequested = false;
  /** It ends to be started again at once: `--rm` does not count. */
  isRestarting = false;

  /** Of its health check, once it was started; undefined without one. */
  health: Health | undefined;

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
  /** Names of containers that are being made or renamed. */
  readonly #claims = new Map<string, { id: string }>();

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

  byName(name: string): Container | { id: string } | undefined {
    return this.#byName.get(name) ?? this.#claims.get(name);
  }

  /**
   * Takes a name for a container that is being made or renamed.
   * @throws InvalidError for a bad name, ConflictError with docker's words when it is in use
   */
  claim(wanted: string, id: string): string {
    const name = assertName(wanted);
    const holder = this.byName(name);
    if (holder)
      throw new ConflictError(
        `Conflict. The container name "/${name}" is already in use by container "${holder.id}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    this.#claims.set(name, { id });
    return name;
  }

  unclaim(name: string): void {
    this.#claims.delete(name);
  }

  /** By full id. */
  get(id: string): Container | undefined {
    return this.#byId.get(id);
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
