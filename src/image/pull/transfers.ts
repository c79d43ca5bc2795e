/**
 * The layers that are being fetched: each once, however many pulls want it. Whoever comes later hears how far it is and waits
 * with the others; when the last one has gone, or all have taken what they wanted, it ends and leaves nothing in staging.
 */
import { InvalidError } from '../../errors/errors.ts';
import type { Descriptor } from '../descriptor.ts';
import { LayerProgress, type ProgressLine, type Report, shortDigest } from '../progress.ts';
import type { Repository } from '../registry/repository.ts';
import { Slots } from '../slots.ts';
import { discardPart, type StagedPart, stageBlob } from '../stage-blob.ts';
import type { ImageStore } from '../store.ts';

/** Layers at a time, over all pulls. */
const atOnce = 4;

export interface WantedLayer {
  descriptor: Descriptor;
  diffId: string;
}

/** One pull's part in a transfer. */
export interface Ticket {
  part: Promise<StagedPart>;
  /** It is no longer wanted, or is visible: to be called once, when nothing of the part is used any more. */
  release(): Promise<void>;
}

interface Transfer {
  part: Promise<StagedPart>;
  abort: AbortController;
  reports: Set<Report>;
  last: ProgressLine | undefined;
}

export class Transfers {
  readonly #running = new Map<string, Transfer>();
  readonly #slots = new Slots(atOnce);

  constructor(private readonly store: ImageStore) {}

  /** Who joined what another pull began tries it again by its own means when that one fails. */
  join(wanted: WantedLayer, repository: Repository, report: Report): Ticket {
    const first = this.#attach(wanted, repository, report);
    const tickets = [first];
    let isReleased = false;
    const again = (error: unknown) => {
      if (isReleased || first.isOwn) throw error;
      const second = this.#attach(wanted, repository, report);
      tickets.push(second);
      return second.part;
    };
    const part = first.part.catch(again);
    part.catch(() => undefined); // heard by who waits for it
    return {
      part,
      async release() {
        isReleased = true;
        await Promise.all(tickets.map((ticket) => ticket.release()));
      },
    };
  }

  #attach(
    wanted: WantedLayer,
    repository: Repository,
    report: Report,
  ): Ticket & { isOwn: boolean } {
    const key = `${wanted.descriptor.digest} ${wanted.diffId}`;
    const running = this.#running.get(key);
    const transfer = running ?? this.#start(key, wanted, repository);
    const listener: Report = (line) => report(line);
    if (transfer.last) report(transfer.last);
    transfer.reports.add(listener);
    return {
      isOwn: !running,
      part: transfer.part,
      release: async () => {
        transfer.reports.delete(listener);
        if (transfer.reports.size > 0) return;
        if (this.#running.get(key) === transfer) this.#running.delete(key);
        transfer.abort.abort(new Error('nobody wants the layer any more'));
        const part = await transfer.part.catch(() => undefined);
        if (part) await discardPart(this.store, part);
      },
    };
  }

  #start(key: string, wanted: WantedLayer, repository: Repository): Transfer {
    const abort = new AbortController();
    const transfer: Transfer = {
      abort,
      reports: new Set(),
      last: undefined,
      part: this.#fetch(wanted, repository, abort.signal, (progress) => {
        transfer.last = progress;
        for (const report of transfer.reports) report(progress);
      }),
    };
    this.#running.set(key, transfer);
    transfer.part.catch(() => {
      // Heard by who waits; whoever comes now tries anew.
      if (this.#running.get(key) === transfer) this.#running.delete(key);
    });
    return transfer;
  }

  async #fetch(
    { descriptor, diffId }: WantedLayer,
    repository: Repository,
    signal: AbortSignal,
    report: Report,
  ): Promise<StagedPart> {
    const progress = new LayerProgress(report, shortDigest(descriptor.digest));
    // In the next turn: whoever started it listens by then.
    await Promise.resolve();
    progress.say('Pulling fs layer');
    if (this.#slots.isFull) progress.say('Waiting');
    const free = await this.#slots.take(signal);
    try {
      const part = await this.#stage(descriptor, repository, signal, progress);
      if (part.layer.diffId === diffId) return part;
      await discardPart(this.store, part);
      throw new InvalidError(
        `filesystem layer verification failed for digest ${descriptor.digest}: its content is ${part.layer.diffId}, the image's configuration says ${diffId}`,
      );
    } finally {
      free();
    }
  }

  #stage(
    descriptor: Descriptor,
    repository: Repository,
    signal: AbortSignal,
    progress: LayerProgress,
  ): Promise<StagedPart> {
    const { size } = descriptor;
    let isReceived = false;
    let unpacked = 0;
    return stageBlob(this.store, descriptor, repository.blob(descriptor, signal), {
      sources: [repository.name],
      signal,
      onReceived(bytes) {
        progress.count('Downloading', bytes, size);
        if (bytes < size) return;
        isReceived = true;
        progress.say('Verifying Checksum');
        progress.say('Download complete');
        progress.count('Extracting', unpacked, size);
      },
      onUnpacked(bytes) {
        unpacked = bytes;
        if (isReceived) progress.count('Extracting', bytes, size);
      },
    });
  }
}
