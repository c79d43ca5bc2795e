/**
 * Options of `--tmpfs /path:OPTIONS`: docker's defaults, and what a user may set. tmpfs(5), mount(8). Pure.
 * Words of the mount become flags, the rest goes to the file system as it is.
 */
import { InvalidError } from '../../errors/errors.ts';
import { mountWords } from '../../kernel/mount-words.ts';

export interface TmpfsOptions {
  flags: string[];
  /** `size=64m,mode=1777`; empty when there is none. */
  data: string;
}

const SIZE = /^\d{1,19}[kKmMgG%]?$/;
const NUMBER = /^\d{1,10}$/;
const VALUES: Readonly<Record<string, RegExp>> = {
  size: SIZE,
  nr_blocks: SIZE,
  nr_inodes: SIZE,
  mode: /^[0-7]{1,4}$/,
  uid: NUMBER,
  gid: NUMBER,
  mpol: /^(default|local|(prefer|bind|interleave)(=(static|relative))?(:[\d,-]+)?)$/,
};

/** docker's: a tmpfs is for data, not for programs or devices. */
const DEFAULTS = ['MS_NOSUID', 'MS_NODEV', 'MS_NOEXEC'];

/**
 * @param text comma-separated; a later word wins
 * @throws InvalidError with docker's words
 */
export function parseTmpfs(text: string): TmpfsOptions {
  const flags = new Set(DEFAULTS);
  const data = new Map<string, string>();
  for (const option of text.split(',').filter(Boolean)) {
    const word = Object.hasOwn(mountWords, option) ? mountWords[option] : undefined;
    if (word?.[1]) flags.add(word[0]);
    else if (word) flags.delete(word[0]);
    else data.set(...keyAndValue(option));
  }
  return {
    flags: [...flags],
    data: [...data].map(([key, value]) => `${key}=${value}`).join(','),
  };
}

function keyAndValue(option: string): [string, string] {
  const at = option.indexOf('=');
  const key = at < 0 ? option : option.slice(0, at);
  const value = at < 0 ? '' : option.slice(at + 1);
  if (at < 0 || !Object.hasOwn(VALUES, key))
    throw new InvalidError(`invalid tmpfs option ${JSON.stringify(option)}`);
  if (!VALUES[key]?.test(value))
    throw new InvalidError(
      `invalid value for tmpfs option ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
    );
  return [key, value];
}
