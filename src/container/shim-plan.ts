import { InvalidError } from '../errors/errors.ts';
import type { ShimPlan } from '../step/encode.ts';
import type { Container } from './table.ts';

const DEFAULT_LOG_BYTES = 20 * 1024 * 1024;
const DEFAULT_LOG_FILES = 3;

/** What the shim needs to know for itself: its log, its clients, its terminal. */
export function shimPlan({ record, paths, terminalSize }: Container, clients: number): ShimPlan {
  const { Tty, OpenStdin, StdinOnce } = record.config;
  const options = record.hostConfig.LogConfig.Config;
  const [rows, columns] = terminalSize[0] ? terminalSize : record.hostConfig.ConsoleSize;
  return {
    id: record.id,
    logPath: record.hostConfig.LogConfig.Type === 'none' ? '/dev/null' : paths.log,
    logMaxBytes: options['max-size'] ? parseSize(options['max-size']) : DEFAULT_LOG_BYTES,
    logMaxFiles: options['max-file'] ? Number(options['max-file']) : DEFAULT_LOG_FILES,
    clients,
    terminal: Tty,
    stdinOpen: OpenStdin,
    stdinOnce: StdinOnce,
    rows,
    columns,
  };
}

/** `10m` and the like, as docker's log options have them; -1 is no limit. */
function parseSize(text: string): number {
  const match = /^(-?\d+)([kmg]?)b?$/i.exec(text);
  if (!match)
    throw new InvalidError(`invalid log option max-size: ${text}: use a number with k, m or g`);
  const factor = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[match[2]?.toLowerCase() ?? ''] ?? 1;
  return Math.max(0, Number(match[1]) * factor);
}
