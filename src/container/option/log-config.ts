/**
 * `--log-driver` and `--log-opt`. `json-file` and `local` write the same file: docker's `local` has a form of its own, which
 * nobody but docker reads. Pure.
 */
import { InvalidError } from '../../errors/errors.ts';
import type { HostConfig } from '../config.ts';

const DEFAULT_BYTES = 20 * 1024 * 1024;
/** Docker's for `local`; its `json-file` is never rotated, which fills disks. */
const DEFAULT_FILES: Readonly<Record<string, number>> = { 'json-file': 3, local: 5, none: 1 };
const MAX_FILES = 1000;
const OPTIONS = ['max-size', 'max-file', 'compress', 'mode', 'max-buffer-size'];
/** Of json-file: they change what it writes beside the line; nothing reads that here. */
const IGNORED = new Set(['labels', 'labels-regex', 'env', 'env-regex', 'tag']);

export interface LogLimits {
  /** 0: never rotated. */
  maxBytes: number;
  /** Files in all. */
  maxFiles: number;
}

/** @throws InvalidError with docker's words */
export function logLimits({ Type, Config }: HostConfig['LogConfig']): LogLimits {
  const files = Object.hasOwn(DEFAULT_FILES, Type) ? DEFAULT_FILES[Type] : undefined;
  if (files === undefined)
    throw new InvalidError(`logger: no log driver named '${Type}' is registered`);
  const isKnown = (key: string) =>
    Type === 'none' || OPTIONS.includes(key) || (Type === 'json-file' && IGNORED.has(key));
  for (const key of Object.keys(Config))
    if (!isKnown(key)) throw new InvalidError(`unknown log opt '${key}' for ${Type} log driver`);
  if (Config.compress && Config.compress !== 'false')
    throw new InvalidError('log opt compress: older files of a log are not compressed here');
  return { maxBytes: sizeOf(Config['max-size']), maxFiles: filesOf(Config['max-file'], files) };
}

/** `10m` and the like; -1 is no limit. */
function sizeOf(text: string | undefined): number {
  if (!text) return DEFAULT_BYTES;
  if (text === '-1') return 0;
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?([kmgt]?)(?:i?b)?$/i.exec(text);
  if (!match) throw new InvalidError(`invalid size: '${text}' (log opt max-size)`);
  const factor = 1024 ** ' kmgt'.indexOf(match[2]?.toLowerCase() || ' ');
  const bytes = Math.trunc(Number(match[1]) * factor);
  if (bytes <= 0 || !Number.isSafeInteger(bytes))
    throw new InvalidError(`invalid size: '${text}' (log opt max-size)`);
  return bytes;
}

function filesOf(text: string | undefined, unset: number): number {
  if (!text) return unset;
  if (!/^[+-]?\d{1,9}$/.test(text))
    throw new InvalidError(`invalid value for log opt max-file: '${text}' is not a whole number`);
  if (Number(text) < 1) throw new InvalidError('max-file cannot be less than 1');
  if (Number(text) > MAX_FILES) throw new InvalidError(`max-file cannot be more than ${MAX_FILES}`);
  return Number(text);
}
