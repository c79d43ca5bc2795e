/** What logs in at a registry, as docker's config.json and the Engine API have it. */
export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** An OAuth2 refresh token in place of the password. */
  readonly identitytoken?: string | undefined;
}

/** As the header `X-Registry-Auth` wants it: base64url of JSON. */
export function authHeader(credentials: Credentials, serveraddress: string): string {
  return Buffer.from(JSON.stringify({ ...credentials, serveraddress })).toString('base64url');
}

export function hasSecret({ username, password, identitytoken }: Credentials): boolean {
  return Boolean((username && password) || identitytoken);
}
