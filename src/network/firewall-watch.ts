/**
 * Keeps the rules in place while other programs work on theirs: `nft flush ruleset` (as services
 * reloading a firewall do) takes ours away, and a dockerd that starts later drops what is forwarded.
 */
import type { Logger } from 'pino';
import { nft, nftList } from '../kernel/nftables.ts';
import { NftablesMonitor } from '../kernel/nftables-monitor.ts';
import { type FirewallNetwork, replaceTable, tableName } from './firewall.ts';
import { admit } from './firewall-open.ts';

const INTERVAL_MS = 1000;

/**
 * Begins to watch; the rules are back within two seconds.
 * @returns ends it
 */
export function watchFirewall(
  network: FirewallNetwork,
  log: Pick<Logger, 'warn'>,
  intervalMs = INTERVAL_MS,
): () => void {
  const monitor = NftablesMonitor.open();
  const intended = tableText(network);
  const timer = setInterval(() => {
    try {
      if (monitor.changed()) restore(network, intended, log);
    } catch (err) {
      log.warn({ err, bridge: network.bridge }, 'cannot restore the firewall’s rules');
    }
  }, intervalMs);
  timer.unref();
  let watching = true;
  return () => {
    if (!watching) return;
    watching = false;
    clearInterval(timer);
    monitor.close();
  };
}

function restore(network: FirewallNetwork, intended: string, log: Pick<Logger, 'warn'>): void {
  if (tableText(network) !== intended) {
    nft(replaceTable(network));
    log.warn(
      { bridge: network.bridge },
      'the firewall’s table was changed by another program: restored',
    );
  }
  admit(network, log);
}

/** Chains and rules of our table, without handles (new at each replacement) and what is published. */
function tableText({ bridge }: FirewallNetwork): string {
  const name = tableName(bridge);
  const there = nftList({ tables: null }).some(
    ({ table }) => (table as { name?: string } | undefined)?.name === name,
  );
  if (!there) return '';
  const objects = nftList({ table: { family: 'inet', name } });
  return JSON.stringify(objects, (key, value) =>
    key === 'handle' || key === 'elem' ? undefined : value,
  );
}
