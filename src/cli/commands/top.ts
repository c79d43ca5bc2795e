import type { CommandSpec } from '../command.ts';
import { formatTable } from '../table.ts';

/** `petri top CONTAINER [ps OPTIONS]`: the container's processes. `GET /containers/{id}/top` */
export const top: CommandSpec = {
  name: 'top',
  usage: 'CONTAINER [ps OPTIONS]',
  summary: 'Show the processes of a container',
  operands: [1],
  endsAtOperand: true,
  async run(session, [container = '', ...options]) {
    const client = await session.client();
    const { Titles, Processes } = await client.containers.top(container, options.join(' '));
    session.print(formatTable([Titles, ...(Processes ?? [])], 20));
    return 0;
  },
};
