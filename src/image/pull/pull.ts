/**
 * `POST /images/create?fromImage=`: brings an image from a registry. Its layers that are not here are fetched and unpacked side
 * by side in staging; all becomes visible together, or nothing does.
 */
import { addImage } from '../add.ts';
import { explainFull } from '../disk-full.ts';
import type { Image } from '../image.ts';
import type { Platform } from '../manifest.ts';
import { mismatch } from '../platform.ts';
import { LayerProgress, type Report, shortDigest } from '../progress.ts';
import { idOf } from '../record.ts';
import { familiarForm, fullForm, type Reference } from '../reference.ts';
import type { Repository } from '../registry/repository.ts';
import type { ImageStore } from '../store.ts';
import { findKnown, storedAt } from './known.ts';
import { type Resolved, resolve } from './resolve.ts';
import type { Ticket, Transfers, WantedLayer } from './transfers.ts';

export interface PullRequest {
  /** With a tag or a digest; a digest moves no tag. */
  reference: Reference;
  /** Undefined: this machine's. */
  platform?: Platform | undefined;
  report: Report;
  signal: AbortSignal;
}

export interface Pulled {
  image: Image;
  /** Something was fetched, or the tag meant something else before. */
  isNewer: boolean;
}

/**
 * The first report comes when the registry has answered: what is thrown before it is the registry's refusal.
 * @throws NotFoundError in docker's words, InvalidError for what is no image, SystemError; the signal's reason; nothing is left
 */
export async function pull(
  store: ImageStore,
  transfers: Transfers,
  repository: Repository,
  request: PullRequest,
): Promise<Pulled> {
  try {
    return await bringNamed(store, transfers, repository, request);
  } catch (error) {
    throw explainFull(error, `pull ${familiarForm(request.reference)}`, store.paths.data);
  }
}

async function bringNamed(
  store: ImageStore,
  transfers: Transfers,
  repository: Repository,
  request: PullRequest,
): Promise<Pulled> {
  const { reference, platform, report, signal } = request;
  const { domain, path, tag = 'latest', digest } = reference;
  const wanted = digest ?? tag;
  const before = storedAt(store, reference)?.id;
  const known = await findKnown(store, repository, request);
  if (known) {
    report({ id: wanted, status: `Pulling from ${path}` });
    report({ status: `Digest: ${known.digest}` });
    return { image: known.image, isNewer: before !== known.image.id };
  }
  const top = await repository.manifest(wanted, signal);
  report({ id: wanted, status: `Pulling from ${path}` });
  const resolved = await resolve(repository, top, platform, signal);
  warnOfPlatform(resolved, reference, report);
  const names = {
    tags: digest ? [] : [fullForm({ domain, path, tag })],
    digests: [fullForm({ domain, path, digest: top.digest })],
  };
  const { image, hasFetched } = await hold(store, resolved, () =>
    bring(store, transfers, repository, resolved, names, report, signal),
  );
  report({ status: `Digest: ${top.digest}` });
  return { image, isNewer: hasFetched || before !== image.id };
}

/** docker's last line. */
export function summary(reference: Reference, isNewer: boolean): string {
  const name = familiarForm(reference);
  return isNewer
    ? `Status: Downloaded newer image for ${name}`
    : `Status: Image is up to date for ${name}`;
}

/** The layers and the image may not be removed while they are relied on. */
async function hold<T>(
  store: ImageStore,
  { oci, config }: Resolved,
  work: () => Promise<T>,
): Promise<T> {
  const releases = oci.diffIds.map((diffId) => store.layers.holds.hold(diffId));
  releases.push(store.hold(idOf(config)));
  try {
    return await work();
  } finally {
    for (const release of releases) release();
    await store.exclusively(() => store.collectGarbage());
  }
}

async function bring(
  store: ImageStore,
  transfers: Transfers,
  repository: Repository,
  resolved: Resolved,
  names: { tags: string[]; digests: string[] },
  report: Report,
  signal: AbortSignal,
): Promise<{ image: Image; hasFetched: boolean }> {
  const { config, bytes } = resolved;
  if (store.isComplete(idOf(config)))
    return { image: await addImage(store, { config }, names), hasFetched: false };
  const tickets: Ticket[] = [];
  try {
    for (const layer of layersOf(resolved)) {
      if (isHere(store, layer)) say(report, layer.descriptor.digest, 'Already exists');
      else tickets.push(transfers.join(layer, repository, report));
    }
    const parts = await untilAborted(Promise.all(tickets.map(({ part }) => part)), signal);
    const image = await addImage(
      store,
      {
        config,
        manifest: bytes,
        layers: parts.map(({ layer }) => layer),
        blobs: parts.map(({ blob }) => blob),
      },
      names,
    );
    for (const { blob } of parts) say(report, blob.digest, 'Pull complete');
    return { image, hasFetched: parts.length > 0 };
  } finally {
    await Promise.all(tickets.map((ticket) => ticket.release()));
  }
}

function say(report: Report, digest: string, status: string): void {
  new LayerProgress(report, shortDigest(digest)).say(status);
}

/** Each layer once, however often the image has it. */
function layersOf({ manifest, oci }: Resolved): WantedLayer[] {
  const all = manifest.layers.map((descriptor, i) => ({
    descriptor,
    diffId: oci.diffIds[i] ?? '',
  }));
  const byKey = new Map(all.map((one) => [`${one.descriptor.digest} ${one.diffId}`, one]));
  return [...byKey.values()];
}

/** That the blob unpacks to the layer is known only of what was unpacked here. */
function isHere({ layers, blobs }: ImageStore, { descriptor, diffId }: WantedLayer): boolean {
  return layers.get(diffId)?.blob?.digest === descriptor.digest && blobs.has(descriptor.digest);
}

/** It is pulled nevertheless: who asked may know better. */
function warnOfPlatform({ oci, wanted }: Resolved, reference: Reference, report: Report): void {
  const { os, architecture } = oci;
  const asked = wanted && { ...wanted, variant: undefined };
  const warning = asked && mismatch(familiarForm(reference), { os, architecture }, asked);
  if (warning) report({ status: `WARNING: ${warning}` });
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
