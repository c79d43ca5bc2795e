/** `--registry-mirror`: a URL with nothing but a host, as dockerd has it. */
import { InvalidError } from '../../errors/errors.ts';

/** @throws InvalidError with docker's words */
export function mirrorOrigins(mirrors: readonly string[]): string[] {
  return mirrors.map(originOf);
}

function originOf(text: string): string {
  const refuse = (why: string) => new InvalidError(`invalid mirror: ${why}`);
  if (!URL.canParse(text)) throw refuse(`"${text}" is not a valid URI`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refuse(`unsupported scheme "${url.protocol.replace(':', '')}" in "${text}"`);
  if (url.username || url.password) throw refuse('username/password not allowed in URI');
  if (url.pathname !== '/' || url.search || url.hash)
    throw refuse(`path, query, or fragment at end of the URI "${text}"`);
  return url.origin;
}
