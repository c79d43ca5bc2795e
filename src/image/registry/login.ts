/** `POST /auth`: whether a registry takes credentials. github.com/moby/moby, registry/auth.go */
import { STATUS_CODES } from 'node:http';
import { InvalidError, UnauthorizedError } from '../../errors/errors.ts';
import { Authority } from './authority.ts';
import { candidatesFor, findEndpoint } from './endpoint.ts';
import type { RegistryAuth } from './repository.ts';
import { Session } from './session.ts';
import { discard } from './small-answer.ts';
import type { Transport } from './transport.ts';

/** @throws UnauthorizedError with the registry's words; see Registries.login */
export async function login(
  transport: Transport,
  auth: RegistryAuth,
  signal: AbortSignal,
): Promise<{ status: string; identityToken: string }> {
  const domain = domainOf(auth.serveraddress ?? '');
  const candidates = await candidatesFor(domain, transport.options.insecure);
  const endpoint = await findEndpoint(transport, candidates, signal);
  const authority = new Authority(transport, endpoint.challenges, auth, true);
  const session = new Session(transport, endpoint, authority);
  const at = new URL('/v2/', endpoint.origin);
  const answer = await session.request(
    {
      method: 'GET',
      at,
      scopes: [],
      accepts: [200],
      refused: ({ status }) => {
        const said = `login attempt to ${at} failed with status: ${status} ${STATUS_CODES[status]}`;
        return status === 401 ? new UnauthorizedError(said) : undefined;
      },
    },
    signal,
  );
  await discard(answer);
  return {
    status: 'Login Succeeded',
    identityToken: await identityTokenOf(endpoint, authority, signal),
  };
}

async function identityTokenOf(
  { challenges }: { challenges: { scheme: string }[] },
  authority: Authority,
  signal: AbortSignal,
): Promise<string> {
  if (!challenges.some(({ scheme }) => scheme === 'bearer')) return '';
  return (await authority.token([], signal)).refreshToken ?? '';
}

/** `https://index.docker.io/v1/`, `localhost:5000`, nothing at all for docker.io. @throws InvalidError */
function domainOf(address: string): string {
  const text = /^https?:\/\//.test(address) ? address : `https://${address || 'docker.io'}`;
  // A URL drops its scheme's own port, which is part of a registry's name.
  const host = /^https?:\/\/([^/?#]+)/.exec(text)?.[1] ?? '';
  if (!URL.canParse(text) || host.includes('@'))
    throw new InvalidError(
      `unable to parse server address ${JSON.stringify(address.slice(0, 200))}`,
    );
  return host;
}
