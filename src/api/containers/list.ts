/** `GET /containers/json?all=&limit=&size=&filters=` */
import type { Engine } from '../../container/engine.ts';
import { networksOf } from '../../container/network/asked.ts';
import { mountsOf } from '../../container/option/mount-points.ts';
import { isAlive } from '../../container/state.ts';
import type { Container } from '../../container/table.ts';
import { InvalidError, NotFoundError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';
import { Filters, fitsLabel } from '../filters.ts';
import { containerSummary } from '../views/container-summary.ts';
import { networkName } from '../views/endpoint.ts';
import { portList } from '../views/ports.ts';
import { sizesOf } from './sizes.ts';

const names = [
  'id',
  'name',
  'label',
  'status',
  'exited',
  'ancestor',
  'before',
  'since',
  'network',
  'health',
  'volume',
  'publish',
  'expose',
  'is-task',
];
const states = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

export async function list(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const filters = new Filters(query, names);
  filters.assertValues('status', states);
  filters.assertValues('health', ['starting', 'healthy', 'unhealthy', 'none']);
  const limit = query.integer('limit', { min: -1, max: 2 ** 31 - 1 }) ?? 0;
  const all = query.flag('all') || limit > 0 || wantsEnded(filters);
  const found = newestFirst(engine.containers.all())
    .filter(({ record: { state } }) => all || isAlive(state) || state.status === 'restarting')
    .filter(fitting(engine, filters));
  const withSize = query.flag('size');
  const rows: object[] = [];
  for (const container of limit > 0 ? found.slice(0, limit) : found)
    rows.push(
      containerSummary(engine, container, withSize ? await sizesOf(engine, container) : undefined),
    );
  exchange.json(rows);
}

/** Some filters speak of containers that do not run, and so imply `all`. */
function wantsEnded(filters: Filters): boolean {
  return ['status', 'exited', 'before', 'since'].some((name) => filters.values(name).length > 0);
}

function newestFirst(containers: Container[]): Container[] {
  return containers.sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1));
}

/** @throws NotFoundError when `before` or `since` names nothing, InvalidError for a bad pattern */
function fitting(engine: Engine, filters: Filters): (container: Container) => boolean {
  const patterns = filters.values('name').map(pattern);
  const codes = filters.values('exited').map(exitCode);
  const before = filters.values('before').map((ref) => engine.containers.find(ref));
  const since = filters.values('since').map((ref) => engine.containers.find(ref));
  const isTask = filters.flag('is-task') ?? false;
  const published = filters.values('publish').flatMap((text) => portsIn('publish', text));
  const exposed = filters.values('expose').flatMap((text) => portsIn('expose', text));
  const images = filters.values('ancestor').map((ref) => imageId(engine, ref));
  return ({ id, name, record, health }) =>
    filters.accepts('id', (prefix) => id.startsWith(prefix)) &&
    (patterns.length === 0 || patterns.some((one) => one.test(name) || one.test(`/${name}`))) &&
    filters.acceptsAll('label', (label) => fitsLabel(record.config.Labels, label)) &&
    filters.accepts('status', (status) => status === record.state.status) &&
    (codes.length === 0 ||
      (record.state.status === 'exited' && codes.includes(record.state.exitCode))) &&
    (images.length === 0 || images.includes(record.imageId)) &&
    filters.accepts('health', (wanted) => wanted === (health?.status ?? 'none')) &&
    filters.accepts('network', (network) => onNetwork(record, network)) &&
    // There are no tasks: those are of a swarm.
    !isTask &&
    filters.accepts('volume', (wanted) => hasMount(record, wanted)) &&
    (published.length + exposed.length === 0 ||
      portList(record).some(
        ({ PrivatePort, PublicPort, Type }) =>
          exposed.includes(`${PrivatePort}/${Type}`) || published.includes(`${PublicPort}/${Type}`),
      )) &&
    before.every((other) => record.createdAt < other.record.createdAt) &&
    since.every((other) => record.createdAt > other.record.createdAt);
}

/** A volume's name, the source of a bind, or where it is mounted. */
function hasMount(record: Container['record'], wanted: string): boolean {
  return mountsOf(record).some(
    (mount) =>
      mount.target === wanted ||
      (mount.type === 'bind' && mount.source === wanted) ||
      (mount.type === 'volume' && mount.name === wanted),
  );
}

/** `80`, `80/udp`, `80-90/tcp` → `80/tcp`, … */
function portsIn(filter: string, text: string): string[] {
  const [, from, to, type = 'tcp'] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to ?? from)];
  if (from === undefined || first > last || last > 65535)
    throw new InvalidError(`invalid filter '${filter}=${text}'`);
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${type}`);
}

function onNetwork(record: Container['record'], network: string): boolean {
  return (
    networkName(record) === network ||
    Object.hasOwn(networksOf(record), network) ||
    Object.values(record.endpoints).some(({ networkId }) => networkId.startsWith(network))
  );
}

/** A name filter is a regular expression. Its length is limited: it runs on the one event loop. */
function pattern(text: string): RegExp {
  if (text.length > 256 || /[*+}?)]\)?[*+{]/.test(text))
    throw new InvalidError(
      "invalid filter 'name': the pattern is too long or repeats a repetition",
    );
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidError(`invalid filter 'name': ${(error as Error).message}`, { cause: error });
  }
}

function exitCode(text: string): number {
  if (!/^-?\d{1,10}$/.test(text)) throw new InvalidError(`invalid filter 'exited=${text}'`);
  return Number(text);
}

/** An unknown ancestor fits nothing. */
function imageId(engine: Engine, ref: string): string | undefined {
  try {
    return engine.images.find(ref).id;
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof InvalidError) return undefined;
    throw error;
  }
}
