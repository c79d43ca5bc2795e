import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';
import { hostPort } from '../format/container.ts';
import { naturalOrder } from '../natural.ts';
import { parsePortNumber } from '../run/addresses.ts';

type Bindings = { HostIp?: string; HostPort?: string }[] | null;

/** `petri port CONTAINER [PORT[/PROTO]]`: where its ports are published. `GET /containers/{id}/json` */
export const port: CommandSpec = {
  name: 'port',
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  summary: 'Show where ports of a container are published',
  operands: [1, 2],
  async run(session, [container = '', wanted]) {
    const client = await session.client();
    const { NetworkSettings } = await client.containers.inspect(container);
    const lines = portLines(NetworkSettings?.Ports ?? {}, container, wanted);
    if (lines.length > 0) session.print(lines.join('\n'));
    return 0;
  },
};

/**
 * Pure.
 * @throws CommandError with docker's words when the port is not published
 */
export function portLines(
  ports: Readonly<Record<string, Bindings>>,
  container: string,
  wanted?: string,
): string[] {
  const lines = wanted
    ? addresses(portOf(ports, container, wanted))
    : Object.entries(ports).flatMap(([name, bindings]) =>
        addresses(bindings).map((address) => `${name} -> ${address}`),
      );
  return lines.sort(naturalOrder);
}

function portOf(
  ports: Readonly<Record<string, Bindings>>,
  container: string,
  wanted: string,
): Bindings {
  const [, number = '', protocol = ''] = /^([^/]*)\/?([\s\S]*)$/.exec(wanted) ?? [];
  try {
    parsePortNumber(number);
  } catch (error) {
    throw new CommandError(`Error: invalid port (${number}): ${(error as Error).message}`);
  }
  const name = `${number}/${protocol || 'tcp'}`;
  const bindings = Object.hasOwn(ports, name) ? ports[name] : null;
  if (!bindings || bindings.length === 0)
    throw new CommandError(`Error: No public port '${wanted}' published for ${container}`);
  return bindings;
}

function addresses(bindings: Bindings): string[] {
  return (bindings ?? []).map(({ HostIp = '', HostPort = '' }) => hostPort(HostIp, HostPort));
}
