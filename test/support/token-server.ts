/** A token server as docker-registry trusts it: it signs what it grants with the key of a certificate of its own. RFC 7519 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  randomUUID,
  sign,
  X509Certificate,
} from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from './registry.ts';

export interface TokenServer {
  realm: string;
  service: string;
  issuer: string;
  certificatePath: string;
  /** What was asked: method and scopes. */
  asked: { method: string; scopes: string[]; account: string | undefined }[];
  close(): Promise<void>;
}

export interface TokenRules {
  /** By name. Nobody: everybody is let in as nobody. */
  users: Record<string, string>;
  /** What somebody (undefined: nobody) may do in a repository. */
  allows(account: string | undefined, repository: string, action: string): boolean;
  /** Seconds. */
  lifeSeconds?: number;
}

export async function startTokenServer(rules: TokenRules): Promise<TokenServer> {
  const folder = mkdtempSync(join(tmpdir(), 'petri-token-'));
  const { certificate, key } = makeCertificates(folder);
  const asked: TokenServer['asked'] = [];
  const [service, issuer] = ['test registry', 'test issuer'];
  const server = createServer(async (request, response) => {
    const { url, form } = await read(request);
    const parameters = form ?? url.searchParams;
    const scopes = form ? (form.get('scope') ?? '').split(' ') : url.searchParams.getAll('scope');
    const account = accountOf(request, form, rules);
    asked.push({ method: request.method ?? '', scopes, account: account ?? undefined });
    if (account === null) {
      response.writeHead(401).end('{"details":"incorrect username or password"}');
      return;
    }
    const access = scopes.flatMap((scope) => granted(scope, account, rules));
    const token = jwt(
      { certificate, key },
      issuer,
      service,
      account ?? '',
      access,
      rules.lifeSeconds ?? 300,
    );
    const refresh = parameters.has('offline_token') ? { refresh_token: `refresh:${account}` } : {};
    response.end(
      JSON.stringify({
        token,
        access_token: token,
        expires_in: rules.lifeSeconds ?? 300,
        ...refresh,
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    service,
    issuer,
    certificatePath: certificate,
    asked,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      rmSync(folder, { recursive: true });
    },
  };
}

async function read(request: IncomingMessage) {
  const url = new URL(request.url ?? '', 'http://token');
  let body = '';
  for await (const chunk of request) body += chunk;
  return { url, form: request.method === 'POST' ? new URLSearchParams(body) : undefined };
}

/** @returns null when the password is wrong, undefined for nobody */
function accountOf(
  { headers }: IncomingMessage,
  form: URLSearchParams | undefined,
  { users }: TokenRules,
): string | undefined | null {
  if (form) return /^refresh:(.+)$/.exec(form.get('refresh_token') ?? '')?.[1] ?? null;
  const basic = /^Basic (.+)$/.exec(headers.authorization ?? '')?.[1];
  if (basic === undefined) return undefined;
  const [, name = '', password] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(basic, 'base64').toString()) ?? [];
  return users[name] === password ? name : null;
}

function granted(scope: string, account: string | undefined, rules: TokenRules): object[] {
  const [, type, name = '', actions = ''] = /^(\w+):(.+):([\w,*]+)$/.exec(scope) ?? [];
  const allowed = actions.split(',').filter((action) => rules.allows(account, name, action));
  return type ? [{ type, name, actions: allowed }] : [];
}

function jwt(
  paths: { certificate: string; key: string },
  issuer: string,
  audience: string,
  subject: string,
  access: object[],
  lifeSeconds: number,
): string {
  const now = Math.floor(Date.now() / 1000);
  const certificate = new X509Certificate(readFileSync(paths.certificate));
  const head = {
    typ: 'JWT',
    alg: 'ES256',
    x5c: [certificate.raw.toString('base64')],
    kid: keyId(paths.certificate),
  };
  const claims = {
    iss: issuer,
    sub: subject,
    aud: audience,
    exp: now + lifeSeconds,
    nbf: now - 10,
    iat: now,
    jti: randomUUID(),
    access,
  };
  const text = [head, claims]
    .map((one) => Buffer.from(JSON.stringify(one)).toString('base64url'))
    .join('.');
  const key = createPrivateKey(readFileSync(paths.key));
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** libtrust's name of a key: base32 of the first 240 bits of its digest, in groups of four. */
function keyId(certificatePath: string): string {
  const key = createPublicKey(readFileSync(certificatePath));
  const digest = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 30);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = bits.match(/.{5}/g)?.map((five) => alphabet[Number.parseInt(five, 2)]) ?? [];
  return letters.join('').match(/.{4}/g)?.join(':') ?? '';
}
