import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';

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
  if (wanted !== undefined) return addresses(portOf(ports, container, wanted));
  const lines = Object.entries(ports).flatMap(([name, bindings]) =>
    addresses(bindings).map((address) => `${name} -> ${address}`),
  );
  return lines.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1));
}

function portOf(
  ports: Readonly<Record<string, Bindings>>,
  container: string,
  wanted: string,
): Bindings {
  const [number = '', protocol = 'tcp', ...more] = wanted.split('/');
  if (!/^\d{1,5}$/.test(number) || Number(number) > 65535 || more.length > 0)
    throw new CommandError(
      `Error: invalid port (${number}): strconv.ParseUint: parsing ${JSON.stringify(number)}: invalid syntax`,
    );
  const name = `${Number(number)}/${protocol}`;
  const bindings = Object.hasOwn(ports, name) ? ports[name] : null;
  if (!bindings || bindings.length === 0)
    throw new CommandError(`Error: No public port '${wanted}' published for ${container}`);
  return bindings;
}

function addresses(bindings: Bindings): string[] {
  return (bindings ?? []).map(({ HostIp = '', HostPort = '' }) => {
    const address = HostIp.includes(':') ? `[${HostIp}]` : HostIp;
    return `${address}:${HostPort}`;
  });
}
