import type { ContainerDetails } from '../../api/client/types.ts';
import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';
import { LEFT } from '../terminal/conversation.ts';
import { inForeground } from '../terminal/foreground.ts';

/** `petri attach`: the terminal of a running container. `POST /containers/{id}/attach` */
export const attach: CommandSpec = {
  name: 'attach',
  usage: '[OPTIONS] CONTAINER',
  summary: 'Connect to the input and output of a running container',
  operands: [1, 1],
  flags: [
    { long: 'detach-keys', value: 'string', text: 'keys that detach (ctrl-p,ctrl-q)' },
    { long: 'no-stdin', text: 'only its output' },
    { long: 'sig-proxy', text: 'pass signals on to the program (default true)' },
  ],
  async run(session, [container = ''], flags) {
    const client = await session.client();
    const details = await client.containers.inspect(container);
    checkRunning(details);
    const { Id, Config } = details;
    const stdin = Config.OpenStdin && !flags.switch('no-stdin');
    if (stdin && Config.Tty && !session.streams.stdin.isTTY)
      throw new CommandError('the input device is not a TTY');
    return inForeground(session, client, Id, {
      stdin,
      stdout: true,
      stderr: true,
      tty: Config.Tty,
      detachKeys: flags.text('detach-keys'),
      passesSignals: flags.switch('sig-proxy', true) && !Config.Tty,
      condition: 'not-running',
      detached: new CommandError(LEFT),
    });
  },
};

function checkRunning({ State }: ContainerDetails): void {
  if (State.Paused)
    throw new CommandError('You cannot attach to a paused container, unpause it first');
  if (State.Status === 'restarting')
    throw new CommandError('You cannot attach to a restarting container, wait until it is running');
  if (!State.Running)
    throw new CommandError('You cannot attach to a stopped container, start it first');
}
