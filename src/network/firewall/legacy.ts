/**
 * The same two rules for the kernel's old packet filter (ip_tables), which nftables cannot see. Only
 * where it is in use, and then by its own program; iptables(8).
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { guestComment } from './guests.ts';

const run = promisify(execFile);
const PROGRAM = 'iptables-legacy';

/** Lets the bridge pass where the old filter drops what is forwarded. Never throws: it warns. */
export async function admitBridgeLegacy(bridge: string, log: Pick<Logger, 'warn'>): Promise<void> {
  if (!(await legacyFilterInUse())) return;
  try {
    const { stdout } = await run(PROGRAM, ['--wait', '-S', 'FORWARD']);
    if (!stdout.includes('-P FORWARD DROP') || stdout.includes(guestComment(bridge))) return;
    for (const rule of rules(bridge)) await run(PROGRAM, ['--wait', '-I', 'FORWARD', ...rule]);
  } catch (error) {
    log.warn(
      { err: error, bridge },
      `the old packet filter (ip_tables) may drop what containers send: install iptables, or run ` +
        `iptables-legacy -I FORWARD -i ${bridge} -j ACCEPT; iptables-legacy -I FORWARD -o ${bridge} -j ACCEPT`,
    );
  }
}

/** Takes the rules back; those that are not there are passed over. */
export async function dismissBridgeLegacy(bridge: string): Promise<void> {
  if (!(await legacyFilterInUse())) return;
  for (const rule of rules(bridge))
    await run(PROGRAM, ['--wait', '-D', 'FORWARD', ...rule]).catch(() => undefined);
}

function rules(bridge: string): string[][] {
  const rest = ['-m', 'comment', '--comment', guestComment(bridge), '-j', 'ACCEPT'];
  return [
    ['-o', bridge, ...rest],
    ['-i', bridge, ...rest],
  ];
}

/** The file is there when the module is, and names the tables in use in this network namespace. */
async function legacyFilterInUse(): Promise<boolean> {
  const names = await readFile('/proc/self/net/ip_tables_names', 'utf8').catch(() => '');
  return names.split('\n').includes('filter');
}
