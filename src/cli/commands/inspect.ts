import type { Client } from '../../api/client/client.ts';
import { ApiError } from '../../api/client/errors.ts';
import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { FlagSpec, Flags } from '../flags.ts';
import { parseDetail } from '../format/detail.ts';
import { indentJson } from '../format/json.ts';
import { messageOf, type Session } from '../session.ts';
import { compileOnce, unescapeFormat } from '../template/template.ts';

type Kind = 'container' | 'image' | 'network' | 'volume';

const format: FlagSpec = {
  long: 'format',
  short: 'f',
  value: 'string',
  text: 'json or a TEMPLATE',
};
const size: FlagSpec = { long: 'size', short: 's', text: 'sizes of containers' };

/** `petri inspect`: everything about containers and images. */
export const inspect: CommandSpec = {
  name: 'inspect',
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  summary: 'Show all that is known of objects',
  operands: [1],
  flags: [
    format,
    size,
    { long: 'type', value: 'string', text: 'only container, image, network or volume' },
  ],
  async run(session, names, flags) {
    const type = flags.text('type') ?? '';
    const kinds: readonly Kind[] = ['container', 'image', 'network', 'volume'];
    if (type && !kinds.includes(type as Kind))
      throw new CommandError(
        `unknown type: ${JSON.stringify(type)}: must be one of ${kinds.map((kind) => JSON.stringify(kind)).join(', ')}`,
      );
    return inspectAll(session, names, flags, type ? [type as Kind] : kinds);
  },
};

const verbose = { long: 'verbose', short: 'v', text: 'all there is, for finding faults' } as const;

/** Flags that only one kind of object has. */
const ownFlags: Readonly<Record<Kind, readonly FlagSpec[]>> = {
  container: [size],
  image: [],
  network: [verbose],
  volume: [],
};

/** `petri container inspect`, `petri image inspect` and so on. */
export function inspectOnly(kind: Kind): CommandSpec {
  const word = kind.toUpperCase();
  return {
    ...inspect,
    usage: `[OPTIONS] ${word} [${word}...]`,
    summary: `Show all that is known of ${kind}s`,
    flags: [format, ...ownFlags[kind]],
    run: (session, names, flags) => inspectAll(session, names, flags, [kind]),
  };
}

/** Shows what was found; names that were not found come after it, as errors. */
async function inspectAll(
  session: Session,
  names: readonly string[],
  flags: Flags,
  kinds: readonly Kind[],
): Promise<number> {
  const client = await session.client();
  const found: string[] = [];
  const errors: string[] = [];
  for (const name of names) {
    try {
      found.push(await find(client, name, kinds, flags));
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  show(session, found, flags.text('format'));
  for (const error of errors) session.complain(error);
  return errors.length > 0 ? 1 : 0;
}

/** The engine's own JSON of the first kind of object that has this name. */
async function find(
  client: Client,
  name: string,
  kinds: readonly Kind[],
  flags: Flags,
): Promise<string> {
  for (const kind of kinds) {
    try {
      return await readOne(client, kind, name, flags);
    } catch (error) {
      // 501: an engine without this kind of object
      const isAbsent = error instanceof ApiError && [404, 501].includes(error.status);
      if (!isAbsent || kinds.length === 1) throw error;
    }
  }
  throw new Error(`Error: No such object: ${name}`);
}

function readOne(client: Client, kind: Kind, name: string, flags: Flags): Promise<string> {
  if (kind === 'container')
    return client.containers.inspectText(name, { size: flags.switch('size') });
  if (kind === 'image') return client.images.inspectText(name);
  if (kind === 'network')
    return client.networks.inspectText(name, { verbose: flags.switch('verbose') });
  return client.transport.text('GET', `/volumes/${encodeURIComponent(name)}`);
}

/** Fields that the engine leaves out when they are empty; every other name is a mistake. */
const optional = new Set(
  (
    'Health Healthcheck StopSignal StopTimeout Shell MacAddress SizeRw SizeRootFs Tmpfs Sysctls Init ' +
    'Mounts Annotations StorageOpt Runtime ArgsEscaped NetworkDisabled ImageManifestDescriptor ' +
    'AuxiliaryAddresses IPRange Peers Services Status Parent Comment Author Container DockerVersion Variant OsVersion GraphDriver Descriptor ExposedPorts'
  ).split(' '),
);

function show(session: Session, found: readonly string[], format: string | undefined): void {
  if (format === undefined) {
    session.print(found.length === 0 ? '[]' : indentJson(`[${found.join(',')}]`));
    return;
  }
  if (format === 'json') {
    session.print(JSON.stringify(found.map((text) => JSON.parse(text) as unknown)));
    return;
  }
  const absent = (field: string): unknown => (optional.has(field) ? null : undefined);
  const render = compileOnce(unescapeFormat(format), { absent });
  for (const text of found) session.print(render(parseDetail(text)));
  if (found.length === 0) session.print('');
}
