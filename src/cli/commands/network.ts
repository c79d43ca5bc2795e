/** `petri network …`: the commands on networks, but for `inspect` and `prune`, which other objects have too. */
import { ApiError } from '../../api/client/errors.ts';
import { olderVersion } from '../../api/client/transport.ts';
import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';
import { filterFlag, parseFilters } from '../filters.ts';
import { showList } from '../format/list.ts';
import { networkContext, networkFormat, networkHeadings } from '../format/network.ts';
import { naturalOrder } from '../natural.ts';
import { endpointBody, networkBody } from '../network/bodies.ts';
import { connectFlags, createFlags } from '../network/flags.ts';

/** `POST /networks/create` */
export const createNetwork: CommandSpec = {
  name: 'create',
  usage: '[OPTIONS] NETWORK',
  summary: 'Create a network',
  operands: [1, 1],
  flags: createFlags,
  async run(session, [name = ''], flags) {
    const body = networkBody(name, flags);
    const client = await session.client();
    // An older engine would otherwise make a second one of that name.
    const isOld = olderVersion(await client.ping(), '1.44') !== '1.44';
    const { Id } = await client.networks.create({
      ...body,
      ...(isOld && { CheckDuplicate: true }),
    });
    session.print(Id);
    return 0;
  },
};

/** `GET /networks` */
export const networks: CommandSpec = {
  name: 'ls',
  aliases: ['list'],
  usage: '[OPTIONS]',
  summary: 'List networks',
  operands: [0, 0],
  flags: [
    filterFlag(),
    { long: 'format', value: 'string', text: 'table, json, table TEMPLATE or TEMPLATE' },
    { long: 'no-trunc', text: 'nothing cut short' },
    { long: 'quiet', short: 'q', text: 'only ids' },
  ],
  async run(session, _operands, flags) {
    const client = await session.client();
    const found = await client.networks.list(parseFilters(flags.list('filter')));
    found.sort((a, b) => naturalOrder(a.Name, b.Name));
    showList(session, {
      contexts: found.map((network) => networkContext(network, flags.switch('no-trunc'))),
      columns: ['ID', 'Name', 'Driver', 'Scope'],
      headings: networkHeadings,
      ...networkFormat(flags.text('format'), flags.switch('quiet')),
    });
    return 0;
  },
};

/** `DELETE /networks/{id}` */
export const removeNetwork: CommandSpec = {
  name: 'rm',
  aliases: ['remove'],
  usage: 'NETWORK [NETWORK...]',
  summary: 'Remove networks',
  operands: [1],
  flags: [{ long: 'force', short: 'f', text: 'no error when there is no such network' }],
  async run(session, operands, flags) {
    const client = await session.client();
    let hasFailed = false;
    for (const operand of operands) {
      try {
        await client.networks.remove(operand);
        session.print(operand);
      } catch (error) {
        const isGone = error instanceof ApiError && error.status === 404;
        if (isGone && flags.switch('force')) continue;
        session.complain(error);
        hasFailed = true;
      }
    }
    if (hasFailed) throw new CommandError('exit status 1'); // docker says so
    return 0;
  },
};

/** `POST /networks/{id}/connect` */
export const connectNetwork: CommandSpec = {
  name: 'connect',
  usage: '[OPTIONS] NETWORK CONTAINER',
  summary: 'Connect a container to a network',
  operands: [2, 2],
  flags: connectFlags,
  async run(session, [network = '', container = ''], flags) {
    const body = endpointBody(flags);
    await (await session.client()).networks.connect(network, container, body);
    return 0;
  },
};

/** `POST /networks/{id}/disconnect` */
export const disconnectNetwork: CommandSpec = {
  name: 'disconnect',
  usage: '[OPTIONS] NETWORK CONTAINER',
  summary: 'Disconnect a container from a network',
  operands: [2, 2],
  flags: [{ long: 'force', short: 'f', text: 'also one that the engine does not know any more' }],
  async run(session, [network = '', container = ''], flags) {
    const client = await session.client();
    await client.networks.disconnect(network, container, flags.switch('force'));
    return 0;
  },
};
