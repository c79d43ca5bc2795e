/**
 * Bearer tokens from the server that a registry names: by GET with name and password, by POST with a refresh token.
 * distribution.github.io/distribution/spec/auth/token, …/auth/oauth
 */
import { type EngineError, InvalidError, UnauthorizedError } from '../../errors/errors.ts';
import { requestName } from './failures.ts';
import { exchangeFollowing } from './follow.ts';
import { errorFor, refusalOf } from './refusals.ts';
import type { RegistryAuth } from './repository.ts';
import { withRetries } from './retry.ts';
import { discard, readSmall } from './small-answer.ts';
import type { Answer, Outgoing, Transport } from './transport.ts';

export interface Realm {
  url: URL;
  service: string | undefined;
}

export interface Token {
  value: string;
  /** Unix time, milliseconds. */
  expiresAtMs: number;
  /** For the next time, in place of the password. */
  refreshToken: string | undefined;
}

const clientId = 'petri';
const tokenBytesMax = 1024 * 1024;
/** A server that says nothing of it means this (token specification). */
const leastLifeMs = 60_000;

/**
 * @param scopes `repository:library/busybox:pull`; none: whether the credentials are good
 * @param wantsRefresh asks for a refresh token too, as `login` does
 * @throws UnauthorizedError, ForbiddenError with the server's words, InvalidError for an answer that holds no token
 */
export function fetchToken(
  transport: Transport,
  realm: Realm,
  auth: RegistryAuth,
  scopes: readonly string[],
  wantsRefresh: boolean,
  signal: AbortSignal,
): Promise<Token> {
  return withRetries(transport.options.limits, signal, async () => {
    if (!auth.identitytoken)
      return await byPassword(transport, realm, auth, scopes, wantsRefresh, signal);
    const answer = await send(
      transport,
      byRefreshToken(realm, auth.identitytoken, scopes),
      realm,
      signal,
    );
    if (answer.status !== 404 && answer.status !== 405)
      return await read(transport, answer, signal);
    // Servers that know no POST take the refresh token for a password.
    await discard(answer);
    const asPassword = { username: auth.username, password: auth.identitytoken };
    return await byPassword(transport, realm, asPassword, scopes, wantsRefresh, signal);
  });
}

async function byPassword(
  transport: Transport,
  realm: Realm,
  { username, password }: RegistryAuth,
  scopes: readonly string[],
  wantsRefresh: boolean,
  signal: AbortSignal,
): Promise<Token> {
  const url = new URL(realm.url);
  if (realm.service !== undefined) url.searchParams.set('service', realm.service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (wantsRefresh) url.searchParams.set('offline_token', 'true');
  if (wantsRefresh) url.searchParams.set('client_id', clientId);
  const hasPassword = Boolean(username && password);
  if (hasPassword) url.searchParams.set('account', username ?? '');
  const headers = hasPassword ? { authorization: basic(username ?? '', password ?? '') } : {};
  const answer = await send(transport, { method: 'GET', url, headers }, realm, signal);
  return await read(transport, answer, signal);
}

function byRefreshToken(
  { url, service }: Realm,
  token: string,
  scopes: readonly string[],
): Outgoing {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service: service ?? '',
    client_id: clientId,
    refresh_token: token,
  });
  if (scopes.length) form.set('scope', scopes.join(' '));
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url, headers, body: form.toString() };
}

/** `Basic …` (RFC 7617) */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function send(
  transport: Transport,
  { headers: { authorization, ...headers }, ...outgoing }: Outgoing,
  realm: Realm,
  signal: AbortSignal,
): Promise<Answer> {
  const own = authorization ? { origin: realm.url.origin, value: authorization } : undefined;
  return exchangeFollowing(transport, { ...outgoing, headers }, own, signal);
}

async function read(transport: Transport, answer: Answer, signal: AbortSignal): Promise<Token> {
  const { smallAnswerMs } = transport.options.limits;
  const body = await readSmall(answer, tokenBytesMax, smallAnswerMs, signal);
  if (answer.status !== 200) throw refused(answer, body);
  const fields = parse(answer, body);
  const value = fields.token || fields.access_token;
  if (typeof value !== 'string' || !isHeaderSafe(value))
    throw new InvalidError(
      `${requestName(answer.method, answer.url)}: authorization server did not include a token in the response`,
    );
  return {
    value,
    expiresAtMs: Date.now() + lifeOf(fields),
    refreshToken: typeof fields.refresh_token === 'string' ? fields.refresh_token : undefined,
  };
}

function refused(answer: Answer, body: Buffer): EngineError {
  const refusal = refusalOf(answer, body);
  const error = errorFor(answer, refusal);
  // Docker Hub says "incorrect username or password" and means just that.
  return error instanceof UnauthorizedError
    ? new UnauthorizedError(`${requestName('GET', answer.url)}: ${refusal.text}`)
    : error;
}

function parse(answer: Answer, body: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // told below, without the text: it may hold a token
  }
  throw new InvalidError(
    `${requestName(answer.method, answer.url)}: unable to decode token response: not a JSON object`,
  );
}

function lifeOf({ expires_in: seconds }: Record<string, unknown>): number {
  const lifeMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : 0;
  return Math.min(Math.max(lifeMs, leastLifeMs), 24 * 3_600_000);
}

/** What would end a header and begin another does not get into one. */
export function isHeaderSafe(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
