/** `POST /auth`: whether a registry takes credentials. Nothing of them is kept here: the client keeps them. */
import type { Exchange } from '../exchange.ts';
import { checkAuth } from '../registry-auth.ts';

export async function auth(exchange: Exchange): Promise<void> {
  const given = checkAuth((await exchange.readJson()) ?? {}, 'the body') ?? {};
  const { status, identityToken } = await exchange.engine.registries.login(given, exchange.signal);
  exchange.json({ Status: status, IdentityToken: identityToken });
}
