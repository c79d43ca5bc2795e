import type { CommandSpec } from '../command.ts';
import { createBody } from '../run/body.ts';
import { checkCidFile, writeCidFile } from '../run/cidfile.ts';
import { createFlags } from '../run/flags.ts';
import { createContainer } from '../run/pull.ts';

/** `petri create`: makes a container and does not start it. `POST /containers/create` */
export const create: CommandSpec = {
  name: 'create',
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Create a container without starting it',
  operands: [1],
  flags: createFlags,
  endsAtOperand: true,
  async run(session, operands, flags) {
    checkCidFile(flags, 1);
    const body = createBody(operands, flags, session.environment);
    const id = await createContainer(session, await session.client(), body, flags);
    writeCidFile(flags, id, 1);
    session.print(id);
    return 0;
  },
};
