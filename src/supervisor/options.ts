/** The flags of `petri supervisor`, named as dockerd's. */
import { isIPv4 } from 'node:net';
import { parseArgs } from 'node:util';
import { InvalidError } from '../errors/errors.ts';

export interface SupervisorOptions {
  dataRoot: string;
  execRoot: string;
  /** Path of the unix socket. */
  socketPath: string;
  pidfile: string;
  bridge: string;
  /** Address of the bridge and its network, e.g. `10.88.0.1/16`; undefined: chosen. */
  bip: string | undefined;
  logLevel: string;
  /** HOST, HOST:PORT or CIDR of registries that need no TLS. */
  insecureRegistries: readonly string[];
  /** Mirrors of docker.io: URLs. */
  registryMirrors: readonly string[];
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/**
 * @param argv what follows `petri supervisor`
 * @throws InvalidError naming the flag and what is wrong with it
 */
export function parseOptions(argv: readonly string[]): SupervisorOptions {
  const values = parseFlags(argv);
  const execRoot = absolute('exec-root', values['exec-root'] ?? '/run/petri');
  return {
    dataRoot: absolute('data-root', values['data-root'] ?? '/var/lib/petri'),
    execRoot,
    socketPath: socket(values.host ?? `unix://${execRoot}/petri.sock`),
    pidfile: absolute('pidfile', values.pidfile ?? `${execRoot}/petri.pid`),
    bridge: values.bridge ?? 'petri0',
    bip: values.bip === undefined ? undefined : cidr(values.bip),
    logLevel: level(values['log-level'] ?? 'info'),
    insecureRegistries: values['insecure-registry'] ?? [],
    registryMirrors: values['registry-mirror'] ?? [],
  };
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        'data-root': { type: 'string' },
        'exec-root': { type: 'string' },
        host: { type: 'string', short: 'H' },
        pidfile: { type: 'string' },
        bridge: { type: 'string', short: 'b' },
        bip: { type: 'string' },
        'log-level': { type: 'string', short: 'l' },
        'insecure-registry': { type: 'string', multiple: true },
        'registry-mirror': { type: 'string', multiple: true },
      },
    }).values;
  } catch (error) {
    throw new InvalidError((error as Error).message);
  }
}

function absolute(flag: string, path: string): string {
  if (!path.startsWith('/')) throw new InvalidError(`--${flag} ${path}: the path must be absolute`);
  return path.replace(/(?<=.)\/+$/, '');
}

function socket(host: string): string {
  const path = /^unix:\/\/(\/.+)$/.exec(host)?.[1];
  if (!path) throw new InvalidError(`-H ${host}: only unix:///absolute/path is served`);
  return path;
}

function cidr(text: string): string {
  const [address = '', prefix = ''] = text.split('/');
  if (!isIPv4(address) || !/^\d{1,2}$/.test(prefix) || Number(prefix) < 8 || Number(prefix) > 30)
    throw new InvalidError(
      `--bip ${text}: an IPv4 address with a prefix of 8 to 30 is needed, such as 10.88.0.1/16`,
    );
  return text;
}

function level(text: string): string {
  if (!LEVELS.includes(text))
    throw new InvalidError(`--log-level ${text}: one of ${LEVELS.join(', ')}`);
  return text;
}
