/** Values of flags with a form of their own. Messages are docker's. */
import { isAddress } from './addresses.ts';

/** A variable, or the name of one of the caller's. */
export function parseVariable(text: string): string {
  if (text === '' || text.startsWith('=')) throw new Error(`invalid environment variable: ${text}`);
  return text;
}

/** `key` or `key=value`. */
export function parseLabel(text: string): string {
  const key = parseKeyValue(text)[0].replace(/^[ \t]+/, '');
  if (key === '') throw new Error(`invalid label '${text}': empty name`);
  if (/[ \t]/.test(key)) throw new Error(`label '${key}' contains whitespaces`);
  return text;
}

/** The address of a name server. */
export function parseAddress(text: string): string {
  if (!isAddress(text.trim())) throw new Error(`IP address is not correctly formatted: ${text}`);
  return text.trim();
}

/** `key=value`. */
export function parseKeyValue(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

const sysctls =
  /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|net\..+|fs\.mqueue\..+)$/;

/** Only what a namespace of its own makes private to the container. */
export function parseSysctl(text: string): [string, string] {
  const [key, value] = parseKeyValue(text);
  if (!text.includes('=') || !sysctls.test(key)) throw new Error(`sysctl '${text}' is not allowed`);
  return [key, value];
}

/** `name:address`, also `name=address`. @returns the API's form, `name:address` */
export function parseHost(text: string): string {
  const [, name, address] = /^([^:=]+)[:=](.+)$/.exec(text) ?? [];
  if (!name || !address) throw new Error(`bad format for add-host: "${text}"`);
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  if (bare !== 'host-gateway' && !isAddress(bare))
    throw new Error(`invalid IP address in add-host: "${address}"`);
  return `${name}:${bare}`;
}

/**
 * Environment in the order docker gives it: files first, then flags; a name alone takes the value of
 * the caller's environment, or nothing when that has none.
 * @throws Error for a line that is no variable
 */
export function joinEnvironment(
  fileLines: readonly string[],
  flags: readonly string[],
  environment: NodeJS.ProcessEnv,
): string[] {
  const fromFiles = fileLines
    .map((line) => line.trimStart())
    .filter((l) => l && !l.startsWith('#'));
  return [...fromFiles, ...flags].flatMap((entry) => {
    const [key] = parseKeyValue(entry);
    if (key === '') throw new Error(`invalid environment variable: ${entry}`);
    if (/\s/.test(key) && fromFiles.includes(entry))
      throw new Error(`variable '${key}' contains whitespaces`);
    if (entry.includes('=')) return [entry];
    const value = environment[entry];
    return value === undefined ? [] : [`${entry}=${value}`];
  });
}

/** Labels of files and flags; the later wins. In a file a name alone is none: docker drops it. */
export function joinLabels(
  fileLines: readonly string[],
  flags: readonly string[],
): Record<string, string> {
  const fromFiles = fileLines
    .map((line) => line.trim())
    .filter((line) => line.includes('=') && !line.startsWith('#'));
  return Object.fromEntries([...fromFiles, ...flags].map(parseKeyValue));
}

/** `on-failure:3`. @throws Error with docker's words */
export function parseRestart(text: string): { Name: string; MaximumRetryCount: number } {
  const [name = '', count, ...more] = text.split(':');
  if (more.length > 0 || (text.includes(':') && name === ''))
    throw new Error('invalid restart policy format: no policy provided before colon');
  if (count !== undefined && !/^-?\d+$/.test(count))
    throw new Error('invalid restart policy format: maximum retry count must be an integer');
  return { Name: name, MaximumRetryCount: Number(count ?? 0) };
}

/** `sys_admin` → `CAP_SYS_ADMIN`; `ALL` stays. */
export function capabilityName(text: string): string {
  const upper = text.trim().toUpperCase();
  return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}
