/**
 * Phase `network`: a container's network namespace, and in it one interface for each of its networks, joined
 * by a virtual cable to that network's bridge. Pure. network_namespaces(7), veth(4), rtnetlink(7).
 *
 * The performer's slots must hold `netns.home` (the engine's own namespace) and `netlink.host` (a
 * netlink socket opened there); afterwards `netns` holds the container's.
 */
import { type Call, type StepDraft, slot } from '../step/step.ts';
import type { Endpoint } from './endpoint.ts';
import {
  closeNetlink,
  enterNew,
  goHome,
  goInside,
  loopbackUp,
  settings,
  step,
} from './namespace-steps.ts';
import { broadcastOf } from './range.ts';

/** One interface that is to be. */
export interface Attachment {
  bridgeName: string;
  /** Bytes. */
  mtu: number;
  /** Everything that no interface's own network holds goes by it. */
  hasDefaultRoute: boolean;
  /** It does not reach the others on its network, nor they it. */
  isIsolated?: boolean;
  endpoint: Pick<
    Endpoint,
    | 'ipAddress'
    | 'prefixLength'
    | 'gateway'
    | 'macAddress'
    | 'hostInterface'
    | 'interfaceName'
    | 'ipv6Address'
    | 'ipv6PrefixLength'
    | 'ipv6Gateway'
  >;
}

/**
 * Steps for a container on bridges.
 * @param inside performed in its network, with loopback up
 */
export function endpointSteps(
  attachments: readonly Attachment[],
  inside: readonly StepDraft[] = [],
): StepDraft[] {
  const gateway = attachments.find(({ hasDefaultRoute }) => hasDefaultRoute);
  return [
    ...enterNew(),
    ...settings(),
    loopbackUp(),
    ...inside,
    goHome(),
    ...attachments.flatMap((attachment) => attachmentSteps(attachment)),
    ...(gateway ? defaultRoutes(gateway, 'RTM_NEWROUTE') : []),
    closeNetlink(),
  ];
}

/**
 * Plugs one interface in and gives it its addresses.
 * @param undo takes the cable out again; at a start it goes with the namespace, in the background, where
 *   RTM_DELLINK would wait 30 ms
 */
export function attachmentSteps(attachment: Attachment, undo?: Call): StepDraft[] {
  const { endpoint } = attachment;
  return [
    cable(attachment, undo),
    quietHostEnd(endpoint),
    ...(attachment.isIsolated ? [isolate(endpoint)] : []),
    ...(endpoint.ipv6Address === undefined ? [] : speakIpv6(endpoint)),
    ...addresses(endpoint),
    insideUp(endpoint),
    settled(endpoint),
  ];
}

/** One message makes both ends and puts one into the bridge, one into the container. */
function cable({ bridgeName, mtu, endpoint }: Attachment, undo: Call | undefined): StepDraft {
  const { hostInterface, macAddress, interfaceName } = endpoint;
  const netlink = slot('netlink.host');
  return step(
    'RTM_NEWLINK',
    {
      netlink,
      kind: 'veth',
      name: hostInterface,
      master: bridgeName,
      mtu,
      up: true,
      peer: { name: interfaceName, netns: slot('netns'), address: macAddress, mtu },
    },
    `a virtual cable: one end is a port of the bridge, the other is ${interfaceName} inside`,
    `ip link add ${hostInterface} mtu ${mtu} master ${bridgeName} up type veth peer name ${interfaceName} ` +
      `address ${macAddress} mtu ${mtu} netns "$CONTAINER"`,
    'veth(4)',
    undo ? { undo } : {},
  );
}

/** A port of a bridge needs no address of its own, and must not believe a container's advertisements. */
function quietHostEnd({ hostInterface }: Attachment['endpoint']): StepDraft {
  return step(
    'write',
    { path: `/proc/sys/net/ipv6/conf/${hostInterface}/disable_ipv6`, data: '1' },
    'the host end speaks no IPv6: it believes no router advertisement a container sends',
    `sysctl -w net.ipv6.conf.${hostInterface}.disable_ipv6=1`,
    'ipv6(7)',
    { accept: 'ENOENT' },
  );
}

/** The firewall alone cannot: what a bridge carries from port to port passes it by, unless br_netfilter is loaded. */
function isolate({ hostInterface }: Attachment['endpoint']): StepDraft {
  return step(
    'write',
    { path: `/sys/class/net/${hostInterface}/brport/isolated`, data: '1' },
    'the bridge carries nothing between two isolated ports: this network keeps its containers apart',
    `bridge link set dev ${hostInterface} isolated on`,
    'bridge(8)',
  );
}

/** /proc/sys/net is that of whoever looks, so the engine goes inside for it. */
function speakIpv6({ interfaceName }: Attachment['endpoint']): StepDraft[] {
  const write = (name: string, data: string, why: string) =>
    step(
      'write',
      { path: `/proc/sys/net/ipv6/conf/${interfaceName}/${name}`, data },
      why,
      `ip netns exec "$CONTAINER" sysctl -w net.ipv6.conf.${interfaceName}.${name}=${data}`,
      'ipv6(7)',
    );
  return [
    goInside(),
    write('accept_ra', '0', 'its address and route are the engine’s to give, no router’s'),
    write('disable_ipv6', '0', 'this network has IPv6'),
    goHome(),
  ];
}

function addresses(endpoint: Attachment['endpoint']): StepDraft[] {
  const { ipAddress, prefixLength, ipv6Address, ipv6PrefixLength, interfaceName } = endpoint;
  const cidr = `${ipAddress}/${prefixLength}`;
  const broadcast = broadcastOf(cidr);
  const give = (address: string, more: { broadcast?: string }, words: string) =>
    step(
      'RTM_NEWADDR',
      { netlink: slot('netlink.container'), dev: interfaceName, address, ...more },
      'the container’s address, and how large its network is',
      `ip -n "$CONTAINER" addr add ${address}${words} dev ${interfaceName}`,
      'rtnetlink(7)',
    );
  const v4 = give(cidr, { broadcast }, ` broadcast ${broadcast}`);
  return ipv6Address === undefined
    ? [v4]
    : [v4, give(`${ipv6Address}/${ipv6PrefixLength}`, {}, ' nodad')];
}

/** Not in the message that makes it: a veth end cannot be up before it has its peer (ENOTCONN). */
function insideUp({ interfaceName }: Attachment['endpoint']): StepDraft {
  return step(
    'RTM_NEWLINK',
    { netlink: slot('netlink.container'), name: interfaceName, up: true },
    'an interface sends and receives only when it is up',
    `ip -n "$CONTAINER" link set ${interfaceName} up`,
    'rtnetlink(7)',
  );
}

/** A link's carrier is settled by a worker later, unless somebody asks for it. Without this 1 in 100 first packets is lost. */
function settled({ hostInterface }: Attachment['endpoint']): StepDraft {
  return step(
    'RTM_GETLINK',
    { netlink: slot('netlink.host'), name: hostInterface },
    'asked, the kernel first finishes plugging the cable in: the first packet is not lost',
    `ip link show ${hostInterface}`,
    'rtnetlink(7)',
  );
}

export function defaultRoutes(
  { endpoint }: Pick<Attachment, 'endpoint'>,
  call: 'RTM_NEWROUTE' | 'RTM_DELROUTE',
): StepDraft[] {
  const gateways = [endpoint.gateway, endpoint.ipv6Gateway].filter((one) => one !== undefined);
  const isNew = call === 'RTM_NEWROUTE';
  const why = isNew
    ? 'everything else goes to the bridge’s own address, where the host forwards it'
    : 'the way out by this network is given up for another one';
  return gateways.map((via) =>
    step(
      call,
      { netlink: slot('netlink.container'), to: 'default', via },
      why,
      `ip -n "$CONTAINER" route ${isNew ? 'add' : 'del'} default via ${via}`,
      'rtnetlink(7)',
    ),
  );
}
