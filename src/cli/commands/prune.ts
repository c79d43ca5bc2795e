/** Giving disk space back, with docker's questions before it. `POST /…/prune` */
import { createInterface } from 'node:readline';
import type { Client } from '../../api/client/client.ts';
import { ApiError } from '../../api/client/errors.ts';
import type { Pruned } from '../../api/client/system.ts';
import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';
import { longFilterFlag, parseFilters } from '../filters.ts';
import type { FlagSpec, Flags } from '../flags.ts';
import { naturalOrder } from '../natural.ts';
import type { Session } from '../session.ts';
import { humanSize } from '../units.ts';

type Filters = Record<string, string[]>;

const flags: readonly FlagSpec[] = [
  { long: 'force', short: 'f', text: 'do not ask' },
  longFilterFlag('until=, label=, label!='),
];
const all: FlagSpec = {
  long: 'all',
  short: 'a',
  text: 'all unused images, not just those without a name',
};

const noContainer = 'without at least one container associated to them';
const nothing = 'not used by at least one container';

/** `petri container prune` */
export const pruneContainers = pruneOne('Remove all containers that do not run', [], {
  warning: () => 'This will remove all stopped containers.',
  prune: containers,
});

/** `petri network prune` */
export const pruneNetworks = pruneOne('Remove all networks that no container is on', [], {
  warning: () => `This will remove all custom networks ${nothing}.`,
  prune: networks,
  freesNothing: true,
});

/** `petri image prune` */
export const pruneImages = pruneOne('Remove unused images', [all], {
  warning: (given) =>
    given.switch('all')
      ? `This will remove all images ${noContainer}.`
      : 'This will remove all dangling images.',
  prune: (session, client, filters, given) => images(session, client, filters, given.switch('all')),
});

/** `petri volume prune` */
export const pruneVolumes = pruneOne(
  'Remove unused volumes',
  [{ ...all, text: 'all unused volumes, not just those without a name' }],
  {
    warning: (given) =>
      `This will remove ${given.switch('all') ? 'all' : 'anonymous'} local volumes ${nothing}.`,
    prune: (session, client, filters, given) =>
      volumes(session, client, given.switch('all') ? { ...filters, all: ['true'] } : filters),
  },
);

/** `petri system prune` */
export const pruneSystem: CommandSpec = {
  name: 'prune',
  usage: '[OPTIONS]',
  summary: 'Remove all that is not used',
  operands: [0, 0],
  flags: [...flags, all, { long: 'volumes', text: 'anonymous volumes too' }],
  async run(session, _operands, given) {
    const filters = parseFilters(given.list('filter'));
    // Volumes have no time of creation that could be asked for.
    if (given.switch('volumes') && filters.until)
      throw new CommandError('ERROR: The "until" filter is not supported with "--volumes"');
    if (!(await mayGoOn(session, given, systemWarning(given, filters)))) return 0;
    const client = await session.client();
    const bytes = [
      await containers(session, client, filters),
      await networks(session, client, filters),
      given.switch('volumes') ? await volumes(session, client, filters) : 0,
      await images(session, client, filters, given.switch('all')),
      await buildCache(session, client, filters, given.switch('all')),
    ];
    total(
      session,
      bytes.reduce((sum, one) => sum + one, 0),
    );
    return 0;
  },
};

interface PruneOne {
  warning: (given: Flags) => string;
  prune: (session: Session, client: Client, filters: Filters, given: Flags) => Promise<number>;
  /** No disk space that could be told of. */
  freesNothing?: true;
}

function pruneOne(summary: string, more: readonly FlagSpec[], one: PruneOne): CommandSpec {
  return {
    name: 'prune',
    usage: '[OPTIONS]',
    summary,
    operands: [0, 0],
    flags: [...flags, ...more],
    async run(session, _operands, given) {
      if (!(await mayGoOn(session, given, `WARNING! ${one.warning(given)}`))) return 0;
      const filters = parseFilters(given.list('filter'));
      const bytes = await one.prune(session, await session.client(), filters, given);
      if (!one.freesNothing) total(session, bytes);
      return 0;
    },
  };
}

function systemWarning(given: Flags, filters: Filters): string {
  const isAll = given.switch('all');
  const items = [
    'all stopped containers',
    `all networks ${nothing}`,
    ...(given.switch('volumes') ? [`all anonymous volumes ${nothing}`] : []),
    isAll ? `all images ${noContainer}` : 'all dangling images',
    isAll ? 'all build cache' : 'unused build cache',
  ];
  const told = ['label', 'label!', 'until'].flatMap((name) =>
    [...new Set(filters[name])].map((value) => `${name}=${value}`),
  );
  const lines = told.sort(naturalOrder).map((filter) => `  - ${filter}`);
  const filtered = ['', '  Items to be pruned will be filtered with:', ...lines, ''];
  return [
    'WARNING! This will remove:',
    ...items.map((item) => `  - ${item}`),
    ...(Object.keys(filters).length > 0 ? filtered : ['']),
  ].join('\n');
}

/** Asks, unless told not to; only `y` is yes. */
async function mayGoOn(session: Session, given: Flags, warning: string): Promise<boolean> {
  if (given.switch('force')) return true;
  const { stdin, stdout } = session.streams;
  stdout.write(`${warning}\nAre you sure you want to continue? [y/N] `);
  for await (const line of createInterface({ input: stdin }))
    return line.trim().toLowerCase() === 'y';
  return false;
}

async function containers(session: Session, client: Client, filters: Filters): Promise<number> {
  return told(session, 'Deleted Containers:', await client.system.prune('containers', filters));
}

async function networks(session: Session, client: Client, filters: Filters): Promise<number> {
  return told(session, 'Deleted Networks:', await client.system.prune('networks', filters));
}

async function volumes(session: Session, client: Client, filters: Filters): Promise<number> {
  return told(session, 'Deleted Volumes:', await client.system.prune('volumes', filters));
}

function images(
  session: Session,
  client: Client,
  filters: Filters,
  isAll: boolean,
): Promise<number> {
  const wanted = { ...filters, dangling: [String(!isAll)] };
  return client.system
    .prune('images', wanted)
    .then((pruned) => told(session, 'Deleted Images:', pruned));
}

/** An engine without a builder has no cache. */
async function buildCache(
  session: Session,
  client: Client,
  filters: Filters,
  isAll: boolean,
): Promise<number> {
  try {
    const pruned = await client.system.prune('build', filters, { all: isAll });
    return told(session, 'Deleted build cache objects:', pruned);
  } catch (error) {
    if (error instanceof ApiError && error.status === 501) return 0;
    throw error;
  }
}

function told(session: Session, heading: string, { deleted, reclaimedBytes }: Pruned): number {
  if (deleted.length > 0) session.print([heading, ...deleted.map(line), ''].join('\n'));
  return reclaimedBytes;
}

function line(one: Pruned['deleted'][number]): string {
  if (typeof one === 'string') return one;
  return one.Untagged !== undefined ? `untagged: ${one.Untagged}` : `deleted: ${one.Deleted}`;
}

function total(session: Session, bytes: number): void {
  session.print(`Total reclaimed space: ${humanSize(bytes, 4)}`);
}
