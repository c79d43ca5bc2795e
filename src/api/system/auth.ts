/** `POST /auth`: whether a registry takes credentials. Nothing of them is kept here: the client keeps them. */
import { UnauthorizedError } from '../../errors/errors.ts';
import type { RegistryAuth } from '../../image/registry/repository.ts';
import type { Exchange } from '../exchange.ts';
import { checkAuth } from '../registry-auth.ts';
import { RequestError } from '../status.ts';

export async function auth(exchange: Exchange): Promise<void> {
  const given = checkAuth((await exchange.readJson()) ?? {}, 'the body') ?? {};
  const { status, identityToken } = await login(exchange, given);
  exchange.json({ Status: status, IdentityToken: identityToken });
}

/** Only here credentials are what the request is about. */
async function login({ engine, signal }: Exchange, given: RegistryAuth) {
  try {
    return await engine.registries.login(given, signal);
  } catch (error) {
    if (error instanceof UnauthorizedError) throw new RequestError(401, error.message);
    throw error;
  }
}
