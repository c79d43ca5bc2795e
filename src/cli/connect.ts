/** Which engine a command talks to: PETRI_HOST, DOCKER_HOST, else the default socket. */
import { Client } from '../api/client/client.ts';
import { parseEndpoint } from '../api/client/endpoint.ts';
import { ConnectionError } from '../api/client/errors.ts';

export const defaultEndpoint = 'unix:///run/petri/petri.sock';

/**
 * Connects; when no variable names an engine and nobody listens on the default socket, starts one.
 * @throws ConnectionError, InvalidError
 */
export async function connect(environment: NodeJS.ProcessEnv): Promise<Client> {
  const named = environment.PETRI_HOST || environment.DOCKER_HOST;
  const client = new Client(parseEndpoint(named || defaultEndpoint));
  try {
    await client.ping();
    return client;
  } catch (error) {
    if (named || !isAbsent(error)) throw error;
  }
  const { startEngine } = await import('./autostart.ts');
  await startEngine(defaultEndpoint);
  return new Client(parseEndpoint(defaultEndpoint));
}

/** The engine the environment names, whether it runs or not; none is started. */
export function clientOf(environment: NodeJS.ProcessEnv): Client {
  return new Client(
    parseEndpoint(environment.PETRI_HOST || environment.DOCKER_HOST || defaultEndpoint),
  );
}

function isAbsent(error: unknown): boolean {
  return error instanceof ConnectionError && ['ENOENT', 'ECONNREFUSED'].includes(error.code);
}
