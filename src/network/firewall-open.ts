/** Puts a network's rules in place, and takes them away: its own table and its guests elsewhere. */
import type { Logger } from 'pino';
import { nft } from '../kernel/nftables.ts';
import { type FirewallNetwork, removeTable, replaceTable } from './firewall.ts';
import { admitBridge, dismissBridge } from './firewall-guests.ts';
import { admitBridgeLegacy, dismissBridgeLegacy } from './firewall-legacy.ts';

/** Idempotent. @throws SystemError when nftables refuses our own table */
export async function openFirewall(
  network: FirewallNetwork,
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  nft(replaceTable(network));
  admit(network, log);
  await admitBridgeLegacy(network.bridge, log);
}

/** The part that another program may undo at any time, such as dockerd when it starts. */
export function admit({ bridge }: FirewallNetwork, log: Pick<Logger, 'warn'>): void {
  admitBridge(bridge, (place, err) =>
    log.warn(
      { err, ...place },
      `this chain drops what is forwarded and could not be changed: containers may not reach the ` +
        `outside; accept packets from and to the interface ${bridge} in it`,
    ),
  );
}

export async function closeFirewall(network: FirewallNetwork): Promise<void> {
  nft(removeTable(network));
  dismissBridge(network.bridge);
  await dismissBridgeLegacy(network.bridge);
}
