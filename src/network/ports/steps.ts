/** The end of phase `network`: what is sent to ports of the host reaches the container. Pure. nft(8), ip(7). */
import { type Args, type Call, type StepDraft, slot } from '../../step/step.ts';
import { type Element, portElements } from '../firewall/elements.ts';
import { isProxied } from './proxy.ts';
import type { PublishedAt } from './published.ts';

/**
 * @param table the firewall's, in family inet
 * @param ports those of one container
 * @param hostInterface its end of the cable into the network they are published by
 */
export function publishSteps(
  table: string,
  ports: readonly PublishedAt[],
  hostInterface: string,
): StepDraft[] {
  if (ports.length === 0) return [];
  return [
    ...translation(table, ports.flatMap(portElements)),
    hairpin(hostInterface),
    ...ports.filter(isProxied).map(listening),
    ...datagrams(ports),
  ];
}

/** Of a step's arguments. */
export function elementsOf(args: Args): Element[] {
  const maps = args.elements as Readonly<Record<string, Readonly<Record<string, string>>>>;
  return Object.entries(maps).flatMap(([set, entries]) =>
    Object.entries(entries).map(([key, value]) => ({ set, key: key.split(' . '), value })),
  );
}

function step(call: Call, why: string, sh: string, see: string, extra: object = {}): StepDraft {
  return { actor: 'supervisor', phase: 'network', ...call, why, see, sh, ...extra };
}

/** All in one transaction, however many. */
function translation(table: string, elements: readonly Element[]): StepDraft[] {
  if (elements.length === 0) return [];
  const maps = [...new Set(elements.map(({ set }) => set))].map((set) => {
    const entries = elements
      .filter((element) => element.set === set)
      .map(({ key, value = '' }) => [key.join(' . '), value] as const);
    return [set, Object.fromEntries(entries)] as const;
  });
  const place = { family: 'inet', table, elements: Object.fromEntries(maps) };
  const sh = maps.map(([set, entries]) => {
    const list = Object.entries(entries).map(([key, value]) => `${key} : ${value}`);
    return `nft add element inet ${table} ${set} '{ ${list.join(', ')} }'`;
  });
  return [
    step(
      { call: 'nft', args: { command: 'add element', ...place } },
      'who asks the host for the port gets the container: destination and port are replaced as packets come in',
      sh.join('\n'),
      'nft(8)',
      { undo: { call: 'nft', args: { command: 'delete element', ...place } } },
    ),
  ];
}

function hairpin(hostInterface: string): StepDraft {
  return step(
    {
      call: 'RTM_NEWLINK',
      args: { netlink: slot('netlink.host'), name: hostInterface, hairpin: true },
    },
    'what the container sends to its own published port may come back by the cable it left by',
    `bridge link set dev ${hostInterface} hairpin on`,
    'bridge(8)',
  );
}

function listening(port: PublishedAt): StepDraft {
  const { protocol, hostIp, hostPort, containerPort } = port;
  const to = port.ipv4 ?? `[${port.ipv6}]`;
  const kind = protocol === 'udp' ? 'UDP6-RECVFROM' : 'TCP6-LISTEN';
  return step(
    {
      call: 'listen',
      args: { protocol, address: hostIp, port: hostPort, to: `${to}:${containerPort}` },
    },
    `IPv6 cannot be translated to an IPv4 address, nor ::1 to any: the engine takes what comes and carries it on`,
    `socat ${kind}:${hostPort},bind=[${hostIp}],ipv6only,fork ${protocol.toUpperCase()}:${to}:${containerPort} &`,
    'listen(2)',
  );
}

/** Who sends datagrams is not told that the port is another's now. */
function datagrams(all: readonly PublishedAt[]): StepDraft[] {
  return [false, true].flatMap((isV6) => {
    const ports = datagramPorts(all, isV6);
    if (ports.length === 0) return [];
    const family = isV6 ? 'ipv6' : 'ipv4';
    return step(
      { call: 'IPCTNL_MSG_CT_DELETE', args: { family, protocol: 'udp', ports } },
      'who sends datagrams there already is translated from now on, and not as before',
      ports.map((port) => `conntrack -D -f ${family} -p udp --dport ${port}`).join('\n'),
      'conntrack(8)',
      { accept: 'EINVAL' },
    );
  });
}

/** UDP ports of the host that are translated, by version of IP. */
export function datagramPorts(ports: readonly PublishedAt[], isV6: boolean): number[] {
  const udp = ports.filter(
    (port) =>
      port.protocol === 'udp' &&
      port.hostIp.includes(':') === isV6 &&
      portElements(port).length > 0,
  );
  return [...new Set(udp.map(({ hostPort }) => hostPort))];
}
