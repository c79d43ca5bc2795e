/**
 * What opens one registry to one caller: the Authorization header for each request. Which kind the registry wants it says
 * in the answer to `GET /v2/`, once; the token server named there is the only other place that sees the credentials.
 */
import { ForbiddenError, InvalidError, UnauthorizedError } from '../../errors/errors.ts';
import { isLoopback } from './addresses.ts';
import type { Challenge } from './challenge.ts';
import type { RegistryAuth } from './repository.ts';
import { Shared } from './shared.ts';
import { basic, fetchToken, isHeaderSafe, type Realm, type Token } from './token.ts';
import type { Transport } from './transport.ts';

/** A token is not used in its last moments: it must still be good when it arrives. */
const marginMs = 10_000;

export class Authority {
  readonly #tokens = new Map<string, Shared<Token>>();
  #bearer: Challenge | undefined;
  #basic = false;

  /**
   * @param challenges of `GET /v2/`; none: everything is open
   * @param wantsRefresh asks token servers for refresh tokens
   */
  constructor(
    private readonly transport: Transport,
    challenges: readonly Challenge[],
    private readonly auth: RegistryAuth,
    private readonly wantsRefresh = false,
  ) {
    this.#accept(challenges);
  }

  /**
   * @param what names the request in the error
   * @returns the header's value, undefined when the registry wants none
   * @throws UnauthorizedError when there are no credentials and there must be, ForbiddenError for a token server that may not see them
   */
  async header(
    scopes: readonly string[],
    what: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { registrytoken } = this.auth;
    if (registrytoken) return `Bearer ${safe(registrytoken)}`;
    if (this.#bearer) return `Bearer ${(await this.token(scopes, signal)).value}`;
    if (!this.#basic) return undefined;
    const { username, password } = this.auth;
    if (!username || !password) throw new UnauthorizedError(`${what}: no basic auth credentials`);
    return basic(username, password);
  }

  /** The token for just these scopes, a new one when it is about to expire. */
  async token(scopes: readonly string[], signal: AbortSignal): Promise<Token> {
    const key = scopes.join(' ');
    const shared = this.#tokens.get(key) ?? this.#fetching(scopes);
    this.#tokens.set(key, shared);
    return await shared.get(signal);
  }

  /**
   * After a 401 of the registry: is there something to try again with? The token that was not taken is forgotten. Who the
   * token server is was said at first and does not change: a later answer may be another's.
   * @param challenges of that answer; they count when there were none before
   */
  renew(challenges: readonly Challenge[], scopes: readonly string[]): boolean {
    if (this.auth.registrytoken) return false;
    if (!this.#bearer && !this.#basic) return this.#accept(challenges);
    this.#tokens.get(scopes.join(' '))?.forget();
    return this.#bearer !== undefined;
  }

  #accept(challenges: readonly Challenge[]): boolean {
    this.#bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    this.#basic = challenges.some(({ scheme }) => scheme === 'basic');
    return this.#bearer !== undefined || this.#basic;
  }

  #fetching(scopes: readonly string[]): Shared<Token> {
    const realm = realmOf(this.#bearer);
    const auth = this.#mayLearn(realm);
    return new Shared(
      (signal) => fetchToken(this.transport, realm, auth, scopes, this.wantsRefresh, signal),
      ({ expiresAtMs }) => expiresAtMs - marginMs > Date.now(),
    );
  }

  /** Credentials travel over TLS, or do not leave the machine, or go to whom the operator named insecure. */
  #mayLearn({ url }: Realm): RegistryAuth {
    const isOpen =
      url.protocol === 'http:' &&
      !isLoopback(url.hostname) &&
      !this.transport.options.insecure.hasLiterally(url);
    if (isOpen)
      throw new ForbiddenError(
        `refusing to ask the token server ${url.origin} without TLS, which the registry names`,
      );
    return this.auth;
  }
}

function realmOf(challenge: Challenge | undefined): Realm {
  const { realm = '', service } = challenge?.parameters ?? {};
  if (!URL.canParse(realm))
    throw new InvalidError(
      `the registry names a token server that is no URL: ${JSON.stringify(realm.slice(0, 200))}`,
    );
  return { url: new URL(realm), service };
}

function safe(token: string): string {
  if (isHeaderSafe(token)) return token;
  throw new InvalidError('the registry token has characters that no header can hold');
}
