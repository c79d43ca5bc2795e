/** `GET /containers/{id}/archive`: a file or folder of a container as an archive. */
import { closeSync } from 'node:fs';
import { pack } from '../image/pack.ts';
import { writeTar } from '../image/tar/write.ts';
import type { Engine } from './engine.ts';
import { type PathStat, pathStat } from './path-stat.ts';
import { withRoot } from './root.ts';
import { baseName, cleanPath, openPath } from './root-path.ts';
import type { Container } from './table.ts';

/**
 * @param send takes the archive; what it lies in stays open until its promise settles. Its entries bear the last
 *   name of the path, of `/a/.` they are `./…`
 * @throws NotFoundError with docker's words
 */
export function copyOut(
  engine: Engine,
  container: Container,
  path: string,
  send: (stat: PathStat, archive: AsyncGenerator<Buffer>) => Promise<void>,
): Promise<void> {
  return withRoot(engine, container, async (root) => {
    const clean = cleanPath(path);
    const fd = openPath(root, clean, container.name);
    try {
      const name = Buffer.from(baseName(clean));
      await send(pathStat(root, fd, clean), writeTar(pack(fd, { name })));
    } finally {
      closeSync(fd);
    }
  });
}
