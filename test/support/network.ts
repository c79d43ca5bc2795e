/**
 * A host's network in miniature: the test process moves into a network namespace of its own, which
 * stands for the host, so that the real host's links and rules are never touched.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, flagBits } from '../../src/kernel/ffi.ts';
import { close, open, writeFile } from '../../src/kernel/files.ts';
import { inetCalls } from '../../src/kernel/inet.ts';
import { setns, unshare } from '../../src/kernel/namespaces.ts';
import { addAddress } from '../../src/kernel/netlink/address.ts';
import { netlinkCalls } from '../../src/kernel/netlink/calls.ts';
import { changeLink, createLink } from '../../src/kernel/netlink/link.ts';
import { addRoute } from '../../src/kernel/netlink/route.ts';
import { NetlinkSocket } from '../../src/kernel/netlink/socket.ts';
import { type NftCommand, nft } from '../../src/kernel/nftables.ts';
import { endpointSteps } from '../../src/network/endpoint-steps.ts';
import { Networks } from '../../src/network/networks.ts';
import { macOfAddress } from '../../src/network/pool.ts';
import { type Handlers, perform, type Slots } from '../../src/step/perform.ts';
import { numberSteps, type Result, type StepDraft } from '../../src/step/step.ts';

export const handlers: Handlers = {
  ...netlinkCalls,
  ...inetCalls,
  socket: (args) =>
    args.domain === 'AF_INET' ? inetCalls.socket(args) : netlinkCalls.socket(args),
  nft: ({ commands }) => {
    nft(commands as NftCommand[]);
    return 0;
  },
  open: ({ path, flags }) => open(String(path), flags as string[]),
  write: ({ path, data }) => {
    writeFile(String(path), String(data));
    return 0;
  },
  close: ({ fd }) => {
    close(Number(fd));
    return 0;
  },
  unshare: ({ flags }) => {
    unshare(flags as string[]);
    return 0;
  },
  setns: ({ fd, nstype }) => {
    setns(Number(fd), flagBits(nstype as string[]));
    return 0;
  },
};

/** From here on the calling process, and what it starts, is on this host. */
export function moveToPrivateHost(): void {
  unshare(['CLONE_NEWNET']);
  const netlink = NetlinkSocket.open();
  changeLink(netlink.fd, { name: 'lo', up: true });
  netlink.close();
}

/** The default network of an engine that has no containers. */
export async function openBridge(options: {
  bridge: string;
  bip: string | undefined;
  log?: { info(): void; warn(): void; error(): void };
}) {
  const folder = mkdtempSync(join(tmpdir(), 'petri-networks-'));
  const log = { info() {}, warn() {}, error() {} };
  const networks = await Networks.open({ log, ...options, folder, published: () => [] });
  await networks.begin();
  const { id, bridgeName, gateway, mtu, pools, record } = networks.defaultBridge;
  const forget = () => rmSync(folder, { recursive: true, force: true });
  return {
    networks,
    id,
    bridgeName,
    gateway,
    mtu,
    pool: pools.ipv4,
    subnet: record.ipv4.subnet,
    prefixLength: Number(record.ipv4.subnet.split('/')[1]),
    netlink: networks.host.netlink,
    slots: networks.slots,
    close() {
      forget();
      networks.close();
    },
    closeAndRemove() {
      forget();
      return networks.closeAndRemove();
    },
  };
}
export type OpenBridge = Awaited<ReturnType<typeof openBridge>>;

/** A namespace with nobody in it: run commands there with `runIn`. */
export interface Place {
  netns: number;
  close(): void;
}

export function runSteps(
  network: Pick<OpenBridge, 'slots'>,
  drafts: readonly StepDraft[],
  results: Result[] = [],
): Place {
  const slots: Slots = new Map(network.slots);
  perform(numberSteps(drafts), { handlers, slots, onResult: (_, result) => results.push(result) });
  const netns = slots.get('netns') as number;
  return { netns, close: () => close(netns) };
}

let made = 0;

/** A container's network on the bridge, without the container. */
export function joinBridge(network: OpenBridge, results: Result[] = []) {
  const { bridgeName, mtu, gateway, prefixLength } = network;
  const ipAddress = network.pool.allocate();
  const endpoint = {
    ipAddress,
    prefixLength,
    gateway,
    macAddress: macOfAddress(ipAddress),
    hostInterface: `vethtest${++made}`,
    interfaceName: 'eth0',
  };
  const steps = endpointSteps([{ bridgeName, mtu, endpoint, hasDefaultRoute: true }]);
  return { ...endpoint, ...runSteps(network, steps, results) };
}

/** The rest of the world: a neighbour of the host at 198.51.100.2 that the host's default route leads to. */
export function addOutside(): Place {
  const home = open('/proc/self/ns/net', ['O_RDONLY', 'O_CLOEXEC']);
  const host = NetlinkSocket.open();
  unshare(['CLONE_NEWNET']);
  const netns = open('/proc/self/ns/net', ['O_RDONLY', 'O_CLOEXEC']);
  const outside = NetlinkSocket.open();
  setns(home, constants.CLONE_NEWNET);
  const peer = { name: 'eth0', netns };
  createLink(host.fd, { kind: 'veth', name: 'out0', up: true, mtu: 1400, peer });
  addAddress(host.fd, { dev: 'out0', address: '198.51.100.1/24' });
  addAddress(outside.fd, { dev: 'eth0', address: '198.51.100.2/24' });
  changeLink(outside.fd, { name: 'eth0', up: true });
  addRoute(host.fd, { to: 'default', via: '198.51.100.2' });
  host.close();
  outside.close();
  close(home);
  return { netns, close: () => close(netns) };
}

/** Runs a command in the place; the result's `status` says how it ended. */
export function runIn({ netns }: Pick<Place, 'netns'>, ...command: string[]) {
  const path = `/proc/${process.pid}/fd/${netns}`;
  return spawnSync('nsenter', [`--net=${path}`, ...command], { encoding: 'utf8' });
}

/** True when an echo request is answered within a second; the first may be lost while a link comes up. */
export function reaches(from: Pick<Place, 'netns'>, address: string, attempts = 3): boolean {
  for (let attempt = 0; attempt < attempts; attempt++)
    if (runIn(from, 'busybox', 'ping', '-c1', '-W1', address).status === 0) return true;
  return false;
}

export function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}
