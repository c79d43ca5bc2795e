/**
 * Where an engine listens: `unix:///run/petri/petri.sock` or `tcp://host:port` (plain, for a trusted
 * machine only). The forms are docker's own (`DOCKER_HOST`).
 */
import { InvalidError } from '../../errors/errors.ts';

export interface Endpoint {
  /** As it was written, for messages. */
  readonly name: string;
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number;
}

/** @throws InvalidError when the text is no endpoint */
export function parseEndpoint(text: string): Endpoint {
  const [, scheme, rest] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === 'unix' && rest?.startsWith('/')) return { name: text, socketPath: rest };
  if (scheme === 'tcp' || scheme === 'http') return tcpEndpoint(text, rest ?? '');
  throw new InvalidError(
    `cannot use the endpoint ${JSON.stringify(text)}: expected unix:///path/to/socket or tcp://host:port`,
  );
}

function tcpEndpoint(text: string, rest: string): Endpoint {
  const [, host, port] = /^(?:\[?([^\]/]+?)\]?):(\d{1,5})\/?$/.exec(rest) ?? [];
  if (!host || Number(port) > 65535)
    throw new InvalidError(
      `cannot use the endpoint ${JSON.stringify(text)}: expected tcp://host:port`,
    );
  return { name: text, host, port: Number(port) };
}
