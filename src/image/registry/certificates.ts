/**
 * Who vouches for a registry: the system's authorities, and those of `/etc/docker/certs.d/HOST:PORT/*.crt`; and the
 * certificate we show (`client.cert` with `client.key`). docs.docker.com/engine/security/certificates
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { InvalidError } from '../../errors/errors.ts';

export interface Certificates {
  ca: string[];
  cert?: string;
  key?: string;
}

export const defaultCertificatesFolder = '/etc/docker/certs.d';

/** Where distributions keep the bundle (Go's crypto/x509 looks in the same places). */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * @param host `registry.example:5000`
 * @throws InvalidError for a key or certificate without its other half
 */
export async function certificatesFor(
  host: string,
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<Certificates> {
  const own = join(folder, host);
  const names = (await readdir(own).catch(() => [])).sort();
  const ca = [...(await systemAuthorities(environment))];
  for (const name of names)
    if (name.endsWith('.crt')) ca.push(await readFile(join(own, name), 'utf8'));
  return { ca, ...(await clientPair(own, names)) };
}

async function clientPair(
  folder: string,
  names: readonly string[],
): Promise<{ cert?: string; key?: string }> {
  const cert = names.find((name) => name.endsWith('.cert'));
  const key = names.find((name) => name.endsWith('.key'));
  if (!cert && !key) return {};
  if (!cert || !names.includes(cert.replace(/cert$/, 'key')))
    throw new InvalidError(
      cert
        ? `missing key ${cert.replace(/cert$/, 'key')} for client certificate ${cert} in ${folder}: CA certificates must use the extension .crt`
        : `missing client certificate for key ${key} in ${folder}`,
    );
  return {
    cert: await readFile(join(folder, cert), 'utf8'),
    key: await readFile(join(folder, cert.replace(/cert$/, 'key')), 'utf8'),
  };
}

async function systemAuthorities(environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const named = environment.SSL_CERT_FILE;
  for (const path of named ? [named] : bundles) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text) return [text];
  }
  return rootCertificates;
}
