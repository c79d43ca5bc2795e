/**
 * An unpacking thread: takes one archive after the other, until it is ended. Nothing but this thread waits for what it does,
 * so it does not give way. worker_threads of Node; started by pool.ts
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { GrowingFile } from './growing-file.ts';
import { type FromWorker, type ToWorker, toData } from './messages.ts';
import { unpackInto } from './unpacker.ts';

/** How often the other side hears how far it is, in bytes of the compressed archive. */
const tellBytes = 256 * 1024;

export function serve(port: MessagePort): void {
  let archive: GrowingFile | undefined;
  const tell = (message: FromWorker) => port.postMessage(message);
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'grown') archive?.grow(message.bytes);
    else if (message.kind === 'complete') archive?.complete();
    else if (message.kind === 'failed') archive?.fail(new Error('the archive ended'));
    else {
      archive = new GrowingFile(message.path, throttled(tell));
      archive.grow(message.available);
      if (message.isComplete) archive.complete();
      unpackInto(message.folder, archive.read(), message.limits).then(
        (unpacked) => tell({ kind: 'done', unpacked }),
        (error: unknown) => tell({ kind: 'error', error: toData(error) }),
      );
    }
  });
}

function throttled(tell: (message: FromWorker) => void): (bytes: number) => void {
  let told = 0;
  return (bytes) => {
    if (told > 0 && bytes < told + tellBytes) return;
    told = bytes;
    tell({ kind: 'read', bytes });
  };
}

if (parentPort) serve(parentPort);
