/** Which networks a container is to be on: read from what `create` was given, checked, and kept in its record. */
import { isIP } from 'node:net';
import { InvalidError, NotFoundError } from '../../errors/errors.ts';
import { assertSettings, type EndpointSettings, noSettings } from '../../network/endpoint.ts';
import { familyOf } from '../../network/range.ts';
import type { ContainerConfig, HostConfig } from '../config.ts';
import type { Engine } from '../engine.ts';
import { parseLink } from '../option/links.ts';
import { joinedContainer } from '../option/modes.ts';
import type { ContainerRecord } from '../record.ts';
import { isAlive } from '../state.ts';

/** By network name; that of `--network` first. */
export type AskedNetworks = Record<string, EndpointSettings>;

/**
 * A network that does not exist is an error at start, as with docker: it may come to be until then.
 * @param given EndpointsConfig of the request, by names or ids
 * @throws InvalidError (400) with docker's words
 */
export function askedNetworks(
  engine: Engine,
  config: ContainerConfig,
  host: HostConfig,
  given: AskedNetworks,
): AskedNetworks {
  const entries = Object.entries(given).map(([ref, settings]) => [nameOf(engine, ref), settings]);
  const byName = Object.fromEntries(entries) as AskedNetworks;
  const first = modeNetwork(engine, host.NetworkMode);
  if (first === undefined) return noneBeside(host.NetworkMode, byName);
  // A network may be called as something that every object has.
  const own = (Object.hasOwn(byName, first) && byName[first]) || noSettings;
  const { [first]: _own, ...others } = byName;
  const links = [...own.links, ...(host.Links ?? [])];
  const macAddress = own.macAddress ?? (config.MacAddress || undefined);
  const asked = { [first]: { ...own, links, ...(macAddress ? { macAddress } : {}) }, ...others };
  for (const [name, settings] of Object.entries(asked)) checkSettings(engine, name, settings);
  return asked;
}

/**
 * Of a record, also one from before there were networks of users. Who has left all networks is on none, until the next
 * start brings it back to its first.
 */
export function networksOf({
  networks,
  hostConfig,
  state,
}: Pick<ContainerRecord, 'networks' | 'hostConfig' | 'state'>): AskedNetworks {
  if (!isBridged(hostConfig.NetworkMode)) return {};
  if (networks && (isAlive(state) || Object.keys(networks).length > 0)) return networks;
  return { [plainName(hostConfig.NetworkMode)]: noSettings };
}

/** @throws InvalidError for an address or a name that is none, or that the network cannot give */
export function checkSettings(engine: Engine, network: string, settings: EndpointSettings): void {
  const wrong = (why: string) =>
    new InvalidError(`invalid config for network ${network}: invalid endpoint settings:\n${why}`);
  for (const [family, address] of [
    [4, settings.ipv4Address],
    [6, settings.ipv6Address],
  ] as const)
    if (address !== undefined && (isIP(address) === 0 || familyOf(address) !== family))
      throw wrong(`invalid IPv${family} address: ${address}`);
  if (settings.macAddress && !/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(settings.macAddress))
    throw wrong(`invalid MAC address: ${settings.macAddress}`);
  const bad = settings.aliases.find((alias) => !/^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,252}$/.test(alias));
  if (bad !== undefined) throw wrong(`invalid alias ${JSON.stringify(bad)}`);
  settings.links.forEach(parseLink);
  const found = engine.networks.byName(network);
  if (found) assertSettings(found, settings);
}

/** Whether the mode names a network with a bridge. */
export function isBridged(mode: string): boolean {
  return !['host', 'none'].includes(mode) && joinedContainer(mode) === undefined;
}

/** The API's words for the default network are three. */
export function plainName(mode: string): string {
  return ['', 'default'].includes(mode) ? 'bridge' : mode;
}

/** The network that `--network` names; undefined for a mode that is none. */
function modeNetwork(engine: Engine, mode: string): string | undefined {
  return isBridged(mode) ? nameOf(engine, mode) : undefined;
}

function nameOf(engine: Engine, ref: string): string {
  try {
    return engine.networks.find(plainName(ref)).name;
  } catch (error) {
    if (error instanceof NotFoundError) return plainName(ref);
    throw error;
  }
}

function noneBeside(mode: string, byName: AskedNetworks): AskedNetworks {
  const others = Object.keys(byName).filter((name) => name !== mode);
  if (others.length > 0)
    throw new InvalidError(
      `conflicting options: a container with network mode ${mode} cannot be on network ${others[0]} too`,
    );
  return {};
}
