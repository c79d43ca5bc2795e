/**
 * `HEAD`, `GET`, `PUT /containers/{id}/archive?path=`: what `docker cp` is made of.
 * https://docs.docker.com/reference/api/engine/ sections ContainerArchiveInfo, ContainerArchive, PutContainerArchive
 */
import { copyIn } from '../../container/copy-in.ts';
import { copyOut } from '../../container/copy-out.ts';
import { type PathStat, statPath } from '../../container/path-stat.ts';
import { InvalidError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';
import { bodyOf, sendArchive } from '../tar-stream.ts';
import { containerOf } from './find.ts';

const statHeader = 'X-Docker-Container-Path-Stat';

export async function stat(exchange: Exchange): Promise<void> {
  const found = await statPath(exchange.engine, containerOf(exchange), pathOf(exchange));
  exchange.response.setHeader(statHeader, encode(found));
  exchange.empty(200);
}

export async function get(exchange: Exchange): Promise<void> {
  const container = containerOf(exchange);
  await copyOut(exchange.engine, container, pathOf(exchange), (found, archive) =>
    sendArchive(exchange, archive, { [statHeader]: encode(found) }),
  );
}

export async function put(exchange: Exchange): Promise<void> {
  const { engine, query, request } = exchange;
  const options = {
    keepKinds: query.flag('noOverwriteDirNonDir'),
    ownedByUser: query.flag('copyUIDGID'),
  };
  await copyIn(engine, containerOf(exchange), pathOf(exchange), bodyOf(request), options);
  exchange.empty(200);
}

function pathOf({ query }: Exchange): string {
  const path = query.text('path');
  if (path) return path;
  throw new InvalidError("bad parameter: 'path' cannot be empty");
}

function encode(found: PathStat): string {
  return Buffer.from(JSON.stringify(found)).toString('base64');
}
