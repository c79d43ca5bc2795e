/** Stub for a moment. */
import type { Logger } from 'pino';
export interface FirewallNetwork {
  bridge: string;
  subnet: string;
}
export function openFirewall(_network: FirewallNetwork, _log: Pick<Logger, 'warn'>): void {}
export function closeFirewall(_network: FirewallNetwork, _log: Pick<Logger, 'warn'>): void {}
