import { exportRoot } from '../../container/export.ts';
import type { Exchange } from '../exchange.ts';
import { sendArchive } from '../tar-stream.ts';
import { containerOf } from './find.ts';

/** `GET /containers/{id}/export` */
export async function exportContainer(exchange: Exchange): Promise<void> {
  await exportRoot(exchange.engine, containerOf(exchange), (archive) =>
    sendArchive(exchange, archive),
  );
}
