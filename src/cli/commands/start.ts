import type { Client } from '../../api/client/client.ts';
import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Flags } from '../flags.ts';
import type { Session } from '../session.ts';
import { inForeground } from '../terminal/foreground.ts';

/** `petri start`: starts containers, or one in the foreground. `POST /containers/{id}/start` */
export const start: CommandSpec = {
  name: 'start',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Start containers',
  operands: [1],
  flags: [
    { long: 'attach', short: 'a', text: 'show its output, pass signals on' },
    { long: 'interactive', short: 'i', text: 'send it stdin' },
    { long: 'detach-keys', value: 'string', text: 'keys that detach (ctrl-p,ctrl-q)' },
  ],
  async run(session, operands, flags) {
    const client = await session.client();
    const isForeground = flags.switch('attach') || flags.switch('interactive');
    if (!isForeground) return startAll(session, client, operands);
    if (operands.length > 1)
      throw new CommandError('you cannot start and attach multiple containers at once');
    return startAttached(session, client, operands[0] ?? '', flags);
  },
};

async function startAll(
  session: Session,
  client: Client,
  containers: readonly string[],
): Promise<number> {
  const failed: string[] = [];
  for (const container of containers) {
    try {
      await client.containers.start(container);
      session.print(container);
    } catch (error) {
      session.complain(error);
      failed.push(container);
    }
  }
  if (failed.length === 0) return 0;
  throw new CommandError(`Error: failed to start containers: ${failed.join(', ')}`);
}

async function startAttached(
  session: Session,
  client: Client,
  container: string,
  flags: Flags,
): Promise<number> {
  const { Id, Config, HostConfig } = await client.containers.inspect(container);
  const detachKeys = flags.text('detach-keys');
  return inForeground(session, client, Id, {
    stdin: flags.switch('interactive') && Config.OpenStdin,
    stdout: true,
    stderr: true,
    tty: Config.Tty,
    detachKeys,
    passesSignals: !Config.Tty,
    condition: HostConfig.AutoRemove ? 'removed' : 'next-exit',
    start: () => client.containers.start(Id, { detachKeys }),
  });
}
