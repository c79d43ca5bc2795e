/**
 * Unpacks in threads of their own, so that the event loop is free and all cores work. A thread is started when there is
 * something to unpack, and ended when it has been idle for a while, for its heap is memory.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { SystemError } from '../../errors/errors.ts';
import type { TarLimits } from '../tar/limits.ts';
import type { GrowingFile } from './growing-file.ts';
import { type FromWorker, type ToWorker, toError } from './messages.ts';
import type { Unpacked, Unpacker } from './unpacker.ts';

const defaultIdleMs = 1_000;

/** What a thread makes lives for one entry of an archive: a young generation of 48 MiB, V8's own, would be filled for nothing. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 };

export class UnpackPool implements Unpacker {
  readonly #idle = new Map<Worker, NodeJS.Timeout>();
  readonly #all = new Set<Worker>();
  readonly #waiting: (() => void)[] = [];

  /**
   * @param script the bundle of worker.ts
   * @param atMost threads at a time
   * @param idleMs after which a thread is ended
   */
  constructor(
    private readonly script: string,
    private readonly atMost = availableParallelism(),
    private readonly idleMs = defaultIdleMs,
  ) {}

  async unpack(archive: GrowingFile, folder: string, limits: TarLimits): Promise<Unpacked> {
    const worker = await this.#take(archive);
    try {
      const unpacked = await unpackIn(worker, archive, folder, limits);
      this.#giveBack(worker);
      return unpacked;
    } catch (error) {
      this.#giveBack(worker);
      throw error;
    }
  }

  /** Ends all threads; what they are doing fails. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
  }

  /** An idle thread, a new one, or the next that becomes idle. @throws the reason of an archive that fails meanwhile */
  async #take(archive: GrowingFile): Promise<Worker> {
    for (;;) {
      if (archive.failure) throw archive.failure.reason;
      const [idle] = this.#idle.keys();
      if (idle) {
        clearTimeout(this.#idle.get(idle));
        this.#idle.delete(idle);
        idle.ref();
        return idle;
      }
      if (this.#all.size < this.atMost) return this.#start();
      await this.#turn(archive);
    }
  }

  #turn(archive: GrowingFile): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        stop();
        const at = this.#waiting.indexOf(wake);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve();
      };
      const stop = archive.listen(() => {
        if (archive.failure) wake();
      });
      this.#waiting.push(wake);
    });
  }

  #start(): Worker {
    // Descriptors are opened by openat2 and closed by Node, which must not miss their opening.
    const worker = new Worker(this.script, { trackUnmanagedFds: false, resourceLimits });
    this.#all.add(worker);
    worker.once('exit', () => {
      this.#all.delete(worker);
      clearTimeout(this.#idle.get(worker));
      this.#idle.delete(worker);
      this.#waiting[0]?.();
    });
    // Who waits for its work hears of it too; unheard it would end the process.
    worker.on('error', () => undefined);
    return worker;
  }

  #giveBack(worker: Worker): void {
    if (!this.#all.has(worker)) return;
    worker.unref();
    const end = () => {
      // It takes a while to end, and nobody may take it then.
      this.#idle.delete(worker);
      void worker.terminate();
    };
    this.#idle.set(worker, setTimeout(end, this.idleMs).unref());
    this.#waiting[0]?.();
  }
}

function unpackIn(
  worker: Worker,
  archive: GrowingFile,
  folder: string,
  limits: TarLimits,
): Promise<Unpacked> {
  const { path, available, isComplete } = archive;
  let told = available;
  const send = (message: ToWorker) => worker.postMessage(message);
  const pass = () => {
    if (archive.failure) return send({ kind: 'failed' });
    if (archive.available > told) send({ kind: 'grown', bytes: archive.available - told });
    told = archive.available;
    if (archive.isComplete) send({ kind: 'complete' });
  };
  send({ kind: 'unpack', path, available, isComplete, folder, limits });
  const stop = archive.listen(pass);
  return new Promise<Unpacked>((resolve, reject) => {
    const onMessage = (message: FromWorker) => {
      if (message.kind === 'read') return archive.onRead(message.bytes);
      settle();
      if (message.kind === 'done') resolve(message.unpacked);
      else reject(archive.failure ? archive.failure.reason : toError(message.error));
    };
    const onError = (error: Error) => {
      settle();
      reject(new SystemError(`the unpacking thread failed: ${error.message}`, { cause: error }));
    };
    const onExit = () => onError(new Error('it ended'));
    const settle = () => {
      stop();
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}
