/** `POST /images/load?quiet=`: images out of an archive, which is the body. */
import { emitImage } from '../../container/events.ts';
import { loadArchive } from '../../image/archive/load.ts';
import type { Exchange } from '../exchange.ts';
import { withProgress } from '../progress-stream.ts';
import { bodyOf } from '../tar-stream.ts';

export async function load(exchange: Exchange): Promise<void> {
  const { engine, query, request, signal } = exchange;
  const isQuiet = query.flag('quiet');
  await withProgress(exchange, async (report) => {
    const ids = await loadArchive(
      engine.images,
      bodyOf(request),
      (line) => {
        if (!isQuiet || line.stream !== undefined) report(line);
      },
      signal,
    );
    for (const id of ids) emitImage(engine, 'load', id, id);
  });
}
