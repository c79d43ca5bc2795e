/** Signals the caller gets are the container's: `docker run`'s `--sig-proxy`. */
import type { Client } from '../../api/client/client.ts';

const passedOn = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGCONT',
] as const;

/**
 * @param started signals that come before are kept until then: its output may be seen, and answered by a
 *   signal, before the engine has told that it runs
 * @returns a function that gives the signals their meaning back
 */
export function passSignals(client: Client, id: string, started: Promise<void>): () => void {
  const pass = (signal: NodeJS.Signals): void => {
    // It may have ended meanwhile, or not have started: there is nobody to tell then.
    started
      .then(() => client.containers.kill(id, signal.replace(/^SIG/, '')))
      .catch(() => undefined);
  };
  for (const signal of passedOn) process.on(signal, pass);
  return () => {
    for (const signal of passedOn) process.off(signal, pass);
  };
}
