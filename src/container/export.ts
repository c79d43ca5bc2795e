/** `GET /containers/{id}/export`: the whole root as an archive, without what is mounted in it. */
import { pack } from '../image/pack.ts';
import { writeTar } from '../image/tar/write.ts';
import type { Engine } from './engine.ts';
import { emit } from './events.ts';
import { withBareRoot } from './root.ts';
import type { Container } from './table.ts';

/** @param send takes the archive; its entries are `bin/sh`, without anything in front */
export async function exportRoot(
  engine: Engine,
  container: Container,
  send: (archive: AsyncGenerator<Buffer>) => Promise<void>,
): Promise<void> {
  await withBareRoot(engine, container, (root) =>
    send(writeTar(pack(root, { name: Buffer.alloc(0) }))),
  );
  emit(engine, container, 'export');
}
