/**
 * Keeps the rules in place while other programs work on theirs: `nft flush ruleset` (as services
 * reloading a firewall do) takes ours away, and a dockerd that starts later drops what is forwarded.
 */
import type { Logger } from 'pino';
import { type NftObject, nftList } from '../../kernel/nftables.ts';
import { NftablesMonitor } from '../../kernel/nftables-monitor.ts';
import { type Element, elementText, listedElements } from './elements.ts';
import { FAMILY } from './table.ts';

const INTERVAL_MS = 1000;

/** What is watched; Firewall has it. */
export interface Watched {
  readonly table: string;
  elements(): Element[];
  restore(): void;
  admit(): void;
}

/**
 * Begins to watch a table that is as intended now; it is back within two seconds.
 * @returns ends it
 */
export function watchTable(
  watched: Watched,
  log: Pick<Logger, 'warn'>,
  intervalMs = INTERVAL_MS,
): () => void {
  const monitor = NftablesMonitor.open();
  const rules = rulesText(list(watched.table));
  const timer = setInterval(() => {
    try {
      if (monitor.changed()) restore(watched, rules, log);
    } catch (err) {
      log.warn({ err, table: watched.table }, 'cannot restore the firewall’s rules');
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

function restore(watched: Watched, rules: string, log: Pick<Logger, 'warn'>): void {
  const objects = list(watched.table);
  if (rulesText(objects) !== rules || !holds(objects, watched.elements())) {
    watched.restore();
    log.warn(
      { table: watched.table },
      'the firewall’s table was changed by another program: restored',
    );
  }
  watched.admit();
}

/** Nothing when there is no such table. */
function list(name: string): NftObject[] {
  const isThere = nftList({ tables: null }).some(({ table }) => {
    const { family, name: other } = Object(table) as { family?: string; name?: string };
    return family === FAMILY && other === name;
  });
  return isThere ? nftList({ table: { family: FAMILY, name } }) : [];
}

/** Sets, chains and rules, without handles (new at each replacement) and elements. */
function rulesText(objects: readonly NftObject[]): string {
  return JSON.stringify(objects, (key, value) =>
    key === 'handle' || key === 'elem' ? undefined : value,
  );
}

function holds(objects: readonly NftObject[], intended: readonly Element[]): boolean {
  const wanted = new Set(intended.map(elementText));
  const found = objects.flatMap(listedElements);
  return found.length === wanted.size && found.every((text) => wanted.has(text));
}
