/** docs/network.md is what a real kernel says of real networks; `UPDATE=1` writes it anew. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNetwork } from '../../../src/network/create.ts';
import { allocateEndpoint, noSettings } from '../../../src/network/endpoint.ts';
import { attachmentSteps, defaultRoutes } from '../../../src/network/endpoint-steps.ts';
import { nameServiceSteps } from '../../../src/network/names/steps.ts';
import {
  closeNetlink,
  enterNew,
  goHome,
  goInside,
  loopbackUp,
  settings,
} from '../../../src/network/namespace-steps.ts';
import type { BridgeNetwork } from '../../../src/network/network.ts';
import { Networks } from '../../../src/network/networks.ts';
import type { PublishedAt } from '../../../src/network/ports/published.ts';
import {
  addOutside,
  moveToPrivateHost,
  type Place,
  run,
  runIn,
  runSteps,
} from '../../support/network.ts';
import { renderPage, UNEXPLAINED } from '../../support/network-page.ts';
import { captures } from '../../support/network-page-captures.ts';

const log = { info() {}, warn() {}, error() {} };
const places: Place[] = [];
const folder = mkdtempSync(join(tmpdir(), 'petri-page-'));
let networks: Networks;
let made = 0;

beforeAll(moveToPrivateHost);
afterAll(async () => {
  for (const place of places) place.close();
  await networks?.closeAndRemove();
  rmSync(folder, { recursive: true });
});

/** A container's network without the container; its cables are numbered, not drawn by lot. */
function plugIn(
  network: BridgeNetwork,
): Place & { ipAddress: string; ipv6Address?: string | undefined } {
  const place = { interfaceName: 'eth0', dnsNames: [] };
  const taken = allocateEndpoint(network, noSettings, place);
  const endpoint = { ...taken, hostInterface: `veth0000000${++made}` };
  const { bridgeName, mtu } = network;
  const names = network.isDefault ? [] : [goInside(), ...nameServiceSteps(61_053), goHome()];
  const steps = [
    ...enterNew(),
    ...settings(),
    goHome(),
    loopbackUp(),
    ...names,
    ...attachmentSteps({ bridgeName, mtu, endpoint, hasDefaultRoute: true }),
    ...defaultRoutes({ endpoint }, 'RTM_NEWROUTE'),
    closeNetlink(),
  ];
  const opened = runSteps(networks, steps);
  places.push(opened);
  return { ...opened, ipAddress: endpoint.ipAddress, ipv6Address: endpoint.ipv6Address };
}

test('docs/network.md shows what is, and every line of it is explained', async () => {
  const published: PublishedAt[] = [];
  places.push(addOutside());
  const bridge = { bridge: 'petri0', bip: '10.88.0.1/16' };
  networks = await Networks.open({ ...bridge, folder, published: () => published, log });
  const shop = await createNetwork(networks, {
    name: 'shop',
    driver: '',
    internal: false,
    attachable: false,
    enableIpv6: true,
    ipam: [
      { subnet: '10.89.0.0/24', ipRange: '', gateway: '', auxAddresses: {} },
      { subnet: 'fd00:89::/64', ipRange: '', gateway: '', auxAddresses: {} },
    ],
    options: { 'com.docker.network.bridge.name': 'br-shop' },
    labels: {},
  });
  const lone = plugIn(networks.defaultBridge);
  const db = plugIn(shop);
  const web = plugIn(shop);
  const at = { ipv4: web.ipAddress, ...(web.ipv6Address ? { ipv6: web.ipv6Address } : {}) };
  const port = { protocol: 'tcp', containerPort: 80, hostPort: 8080 } as const;
  published.push({ ...port, hostIp: '0.0.0.0', ...at }, { ...port, hostIp: '::', ...at });
  published.push({
    ...port,
    containerPort: 5432,
    hostIp: '127.0.0.1',
    hostPort: 5432,
    ipv4: db.ipAddress,
  });
  await networks.begin();

  const inside = (place: Place) => (command: string) => runIn(place, ...command.split(' ')).stdout;
  const onHost = (command: string) => {
    const [program = '', ...words] = command.split(' ');
    return run(program, ...words);
  };
  const shown = captures({ host: onHost, web: inside(web), lone: inside(lone) });
  const head = readFileSync('docs/network.md', 'utf8').split('\n## ')[0] ?? '';
  const page = renderPage(head, shown);
  expect(page).not.toContain(UNEXPLAINED);
  if (process.env.UPDATE) writeFileSync('docs/network.md', page);
  expect(readFileSync('docs/network.md', 'utf8')).toBe(page);
});
