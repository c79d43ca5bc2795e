/**
 * The Dockerfile instructions that `import -c` (later `commit -c`) takes, applied to an image's
 * configuration: CMD ENTRYPOINT ENV EXPOSE LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR.
 *
 * https://docs.docker.com/reference/dockerfile/
 */
import { posix } from 'node:path';
import { InvalidError } from '../errors/errors.ts';
import type { ImageConfig } from './image.ts';

type Apply = (config: ImageConfig, rest: string) => void;

const shell = ['/bin/sh', '-c'];

const instructions: Record<string, Apply> = {
  CMD: (config, rest) => {
    config.Cmd = command(rest);
  },
  ENTRYPOINT: (config, rest) => {
    config.Entrypoint = command(rest);
  },
  ENV: (config, rest) => {
    for (const [key, value] of pairs('ENV', rest)) config.Env = withEnv(config.Env, key, value);
  },
  LABEL: (config, rest) => {
    config.Labels = { ...config.Labels, ...Object.fromEntries(pairs('LABEL', rest)) };
  },
  EXPOSE: (config, rest) => {
    for (const port of words(rest).flatMap(ports))
      config.ExposedPorts = { ...config.ExposedPorts, [port]: {} };
  },
  VOLUME: (config, rest) => {
    for (const path of jsonStrings(rest) ?? words(rest))
      config.Volumes = { ...config.Volumes, [path]: {} };
  },
  USER: (config, rest) => {
    config.User = single('USER', rest);
  },
  STOPSIGNAL: (config, rest) => {
    config.StopSignal = single('STOPSIGNAL', rest);
  },
  WORKDIR: (config, rest) => {
    config.WorkingDir = posix.resolve('/', config.WorkingDir ?? '', unquoted(rest));
  },
  ONBUILD: (config, rest) => {
    config.OnBuild = [...(config.OnBuild ?? []), rest];
  },
};

/**
 * @param changes one instruction each, e.g. `CMD ["sh"]`
 * @returns a new configuration
 * @throws InvalidError for what is no instruction, or not one that may be used here
 */
export function applyChanges(config: ImageConfig, changes: readonly string[]): ImageConfig {
  const result: ImageConfig = structuredClone(config);
  for (const line of changes.flatMap((change) => change.split('\n'))) {
    const [, name = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === '' || name.startsWith('#')) continue;
    const apply = instructions[name.toUpperCase()];
    if (!apply) throw new InvalidError(`${name.toLowerCase()} is not a valid change command`);
    if (rest === '')
      throw new InvalidError(`invalid change: ${name.toUpperCase()} requires an argument`);
    apply(result, rest);
  }
  return result;
}

/** `["a", "b"]` as it is, anything else through a shell. */
function command(rest: string): string[] {
  return jsonStrings(rest) ?? [...shell, rest];
}

function jsonStrings(rest: string): string[] | undefined {
  if (!rest.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(rest);
    const isStrings = Array.isArray(value) && value.every((item) => typeof item === 'string');
    return isStrings ? (value as string[]) : undefined;
  } catch {
    // docker takes what is no JSON as the shell form.
    return undefined;
  }
}

/** `A=b C="d e"`, or the old form `A b c`: one key, the rest its value. */
function pairs(name: string, rest: string): [string, string][] {
  const list = words(rest, true);
  if (!list[0]?.includes('=')) {
    const [, key = '', value = ''] = /^(\S+)\s+(.*)$/.exec(rest) ?? [];
    if (!key) throw new InvalidError(`invalid change: ${name} must have two arguments`);
    return [[key, unquoted(value)]];
  }
  return list.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1)
      throw new InvalidError(`invalid change: ${name}: can't find = in ${JSON.stringify(word)}`);
    return [unquoted(word.slice(0, equals)), unquoted(word.slice(equals + 1))];
  });
}

function withEnv(env: string[] | null | undefined, key: string, value: string): string[] {
  const kept = (env ?? []).filter((entry) => !entry.startsWith(`${key}=`));
  return [...kept, `${key}=${value}`];
}

/** Splits at blanks outside quotes; a backslash keeps the next character. */
function words(text: string, keepQuotes = false): string[] {
  const found = text.match(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'\\]|["'\\])+/g) ?? [];
  return keepQuotes ? found : found.map(unquoted);
}

function unquoted(text: string): string {
  return text.replace(
    /\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'/g,
    (_all, escaped?: string, double?: string, plain?: string) =>
      escaped ?? double?.replace(/\\(["\\$])/g, '$1') ?? plain ?? '',
  );
}

/** `80` is `80/tcp`; `8000-8002/udp` is three. */
function ports(spec: string): string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(spec);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? first);
  if (!match || first < 1 || last > 65535 || last < first)
    throw new InvalidError(`invalid containerPort: ${spec}`);
  const protocol = (match[3] ?? 'tcp').toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${protocol}`);
}

function single(name: string, rest: string): string {
  const list = words(rest);
  if (list.length === 1) return list[0] as string;
  throw new InvalidError(`invalid change: ${name} requires exactly one argument`);
}
