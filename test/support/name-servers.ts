/** For tests of names: a server elsewhere that says what it is told to, and a container's network with the name service in it. */
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { type DecodedPacket, decode, encode, type Packet } from 'dns-packet';
import { inetSocket } from '../../src/kernel/inet.ts';
import { hop, newNamespace } from '../../src/kernel/namespaces.ts';
import { changeLink } from '../../src/kernel/netlink/link.ts';
import { NetlinkSocket } from '../../src/kernel/netlink/socket.ts';
import { framed, messagesOf } from '../../src/network/names/frames.ts';
import { randomNamePort, takeNameSockets } from '../../src/network/names/reopen.ts';
import type { NameSockets } from '../../src/network/names/server.ts';
import { nameServiceSteps } from '../../src/network/names/steps.ts';
import { perform, type Slots } from '../../src/step/perform.ts';
import { numberSteps, type Result } from '../../src/step/step.ts';
import { handlers } from './network.ts';

/** A network namespace with its loopback up and the name service's sockets in it. */
export function openContainerNetwork(results: Result[] = []): {
  netns: number;
  sockets: NameSockets;
} {
  const slots: Slots = new Map();
  const netns = newNamespace('net', () => {
    const netlink = NetlinkSocket.open();
    changeLink(netlink.fd, { name: 'lo', up: true });
    netlink.close();
    const steps = numberSteps(nameServiceSteps(randomNamePort()));
    perform(steps, { handlers, slots, onResult: (_, result) => results.push(result) });
  });
  return { netns, sockets: takeNameSockets(slots) as NameSockets };
}

/** A UDP socket of this process in another network. */
export function socketIn(netns: number): Socket {
  const fd = hop(netns, () => inetSocket(['SOCK_DGRAM', 'SOCK_CLOEXEC']));
  const socket = createSocket('udp4');
  socket.bind({ fd });
  return socket;
}

export type Told = Partial<Packet> | 'silence';

export interface Upstream {
  /** What it was asked, in order, and from which port. */
  asked: { name: string; transport: 'udp' | 'tcp'; port: number; packet: DecodedPacket }[];
  close(): void;
}

/**
 * A name server at `address`, port 53.
 * @param tell what to put into the reply
 * @param before datagrams to send ahead of it, such as forged ones
 */
export async function startUpstream(
  address: string,
  tell: (name: string, transport: 'udp' | 'tcp') => Told,
  before: (query: Buffer) => Buffer[] = () => [],
): Promise<Upstream> {
  const asked: Upstream['asked'] = [];
  const respond = (bytes: Buffer, transport: 'udp' | 'tcp', port = 0) => {
    const packet = decode(bytes);
    const name = packet.questions?.[0]?.name ?? '';
    asked.push({ name, transport, port, packet });
    const told = tell(name, transport);
    if (told === 'silence') return undefined;
    return encode({
      type: 'response',
      id: packet.id ?? 0,
      questions: packet.questions ?? [],
      ...told,
    });
  };
  const udp = createSocket('udp4');
  udp.on('message', (bytes, { port, address: from }) => {
    for (const datagram of before(bytes)) udp.send(datagram, port, from);
    const replied = respond(bytes, 'udp', port);
    if (replied) udp.send(replied, port, from);
  });
  const tcp = createServer(async (socket) => {
    socket.on('error', () => undefined);
    for await (const bytes of messagesOf(socket)) {
      const replied = respond(bytes, 'tcp', socket.remotePort);
      if (replied) socket.write(framed(replied));
    }
  });
  await Promise.all([
    new Promise<void>((bound) => udp.bind(53, address, bound)),
    new Promise<void>((bound) => tcp.listen(53, address, bound)),
  ]);
  return { asked, close: () => closeBoth(udp, tcp) };
}

function closeBoth(udp: Socket, tcp: Server): void {
  udp.close();
  tcp.close();
}
