/**
 * docker's config.json: read, changed, and written whole, so that a reader sees the old one or the new one. What is in it beside
 * credentials is kept as it is. docs.docker.com/reference/cli/docker, "Docker CLI configuration file"
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CommandError } from '../errors.ts';

export type Fields = Record<string, unknown>;

/** `$DOCKER_CONFIG/config.json`, else in `~/.docker`. */
export function configPath(environment: NodeJS.ProcessEnv): string {
  const folder = environment.DOCKER_CONFIG || join(environment.HOME || homedir(), '.docker');
  return join(folder, 'config.json');
}

/**
 * @returns its fields; none when there is no such file, or an empty one
 * @throws CommandError when it cannot be read or is no JSON object
 */
export async function readConfig(path: string): Promise<Fields> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new CommandError(`error loading config file: open ${path}: ${error.code}`);
  });
  if (text.trim() === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (isFields(parsed)) return parsed;
  } catch {
    // told below; the parser's own words would show a piece of the file
  }
  throw new CommandError(`error loading config file: ${path}: it is not a JSON object`);
}

/** For its owner alone; a link to the file stays a link. @throws CommandError */
export async function writeConfig(path: string, fields: Fields): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await replace(await realpath(path).catch(() => path), `${JSON.stringify(fields, null, '\t')}`);
  } catch (error) {
    throw new CommandError(
      `error saving credentials: cannot write ${path}: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
}

async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** A field that holds fields, e.g. `auths`; none when it is absent or something else. */
export function fieldsOf(fields: Fields, name: string): Fields {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return isFields(value) ? value : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
