import type { ShimPlan } from '../step/encode.ts';
import { logLimits } from './option/log-config.ts';
import type { Container } from './table.ts';

/** What the shim needs to know for itself: its log, its clients, its terminal. */
export function shimPlan({ record, paths, terminalSize }: Container, clients: number): ShimPlan {
  const { Tty, OpenStdin, StdinOnce } = record.config;
  const { maxBytes, maxFiles } = logLimits(record.hostConfig.LogConfig);
  const [rows, columns] = terminalSize[0] ? terminalSize : record.hostConfig.ConsoleSize;
  return {
    id: record.id,
    // Empty: none. Never /dev/null, which a log of many bytes would rename as it does any other.
    logPath: record.hostConfig.LogConfig.Type === 'none' ? '' : paths.log,
    logMaxBytes: maxBytes,
    logMaxFiles: maxFiles,
    clients,
    terminal: Tty,
    stdinOpen: OpenStdin,
    stdinOnce: StdinOnce,
    rows,
    columns,
  };
}
