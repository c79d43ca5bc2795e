import { top as topOf } from '../../container/top.ts';
import { InvalidError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';
import { containerOf } from './find.ts';

const OPTIONS_MAX = 1024;

/** `GET /containers/{id}/top?ps_args=` */
export async function top(exchange: Exchange): Promise<void> {
  const options = exchange.query.text('ps_args') ?? '';
  if (options.length > OPTIONS_MAX)
    throw new InvalidError(`invalid value for ps_args: longer than ${OPTIONS_MAX} characters`);
  const { titles, rows } = await topOf(exchange.engine, containerOf(exchange), options || '-ef');
  exchange.json({ Titles: titles, Processes: rows });
}
