/** Options of the driver `bridge`, in docker's names: those that Petri heeds. Others are kept and shown. Pure. */
import { InvalidError } from '../errors/errors.ts';
import type { HostNetwork } from './host.ts';
import type { NetworkRecord } from './record.ts';

const BRIDGE = 'com.docker.network.bridge';
export const MTU = 'com.docker.network.driver.mtu';

export interface BridgeOptions {
  /** The link's name; undefined: made of the network's id. */
  name: string | undefined;
  /** Its containers reach each other. */
  icc: boolean;
  /** What they send outward takes the host's address. */
  masquerade: boolean;
  /** Where `-p` listens when it does not say. */
  hostBinding: string;
  /** Bytes; undefined: that of the way out. */
  mtu: number | undefined;
}

/** @throws InvalidError (400) naming the option */
export function bridgeOptions(options: Readonly<Record<string, string>>): BridgeOptions {
  const mtu = options[MTU];
  return {
    name: linkName(options[`${BRIDGE}.name`]),
    icc: flag(options, 'enable_icc'),
    masquerade: flag(options, 'enable_ip_masquerade'),
    hostBinding: options[`${BRIDGE}.host_binding_ipv4`] || '0.0.0.0',
    mtu: mtu === undefined ? undefined : mtuFrom(mtu),
  };
}

/** @returns bytes */
export function mtuOf({ options }: NetworkRecord, host: HostNetwork): number {
  return bridgeOptions(options).mtu ?? host.outsideMtu();
}

/** As Go's strconv.ParseBool reads it; both are on unless they are switched off. */
function flag(options: Readonly<Record<string, string>>, key: string): boolean {
  const text = options[`${BRIDGE}.${key}`];
  if (text === undefined || /^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw new InvalidError(
    `invalid value for option ${BRIDGE}.${key}: ${JSON.stringify(text)}: want true or false`,
  );
}

/** 1280 is the least that IPv6 works with, 68 that of IPv4; ip(7). */
function mtuFrom(text: string): number {
  const mtu = Number(text);
  if (!/^\d{1,5}$/.test(text) || mtu < 68 || mtu > 65_535)
    throw new InvalidError(
      `invalid value for option ${MTU}: ${JSON.stringify(text)}: want 68 to 65535`,
    );
  return mtu;
}

function linkName(name: string | undefined): string | undefined {
  if (name === undefined || name === '') return undefined;
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(name))
    throw new InvalidError(
      `invalid value for option ${BRIDGE}.name: ${JSON.stringify(name)}: want 1 to 15 letters, digits, '_', '.' or '-'`,
    );
  return name;
}
