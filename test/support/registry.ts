/** A real registry (Debian's docker-registry) on loopback, with or without passwords, TLS and a token server. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { hashSync } from 'bcryptjs';

export interface RegistryChoice {
  /** Who gets in, by HTTP's basic authentication. */
  auth?: { username: string; password: string };
  /** A certificate for 127.0.0.1 and localhost, from an authority made for this registry. */
  tls?: boolean;
  /** Bearer tokens of a server that signs with the key of this certificate. */
  token?: { realm: string; service: string; issuer: string; certificatePath: string };
  /** Another's files to serve. */
  storage?: string;
  /** A process in whose network namespace it stands. */
  networkOf?: number;
  /** Default: any that is free. */
  port?: number;
  /** Deeper changes to the configuration: lines of YAML, at the top level. */
  extra?: string;
}

export interface TestRegistry {
  /** `127.0.0.1:40123`, the domain of its images' references. */
  host: string;
  port: number;
  /** Where its files are: `docker/registry/v2/blobs/sha256/ab/ab…/data`. */
  storage: string;
  /** Of the authority that signed its certificate, PEM; only with `tls`. */
  caPath: string;
  /** What it has said so far. */
  log(): string;
  close(): Promise<void>;
}

export async function startRegistry(choice: RegistryChoice = {}): Promise<TestRegistry> {
  const root = mkdtempSync(join(tmpdir(), 'petri-registry-'));
  const storage = choice.storage ?? join(root, 'storage');
  if (!choice.storage) mkdirSync(storage);
  const certificates = choice.tls ? makeCertificates(root) : undefined;
  const configuration = join(root, 'config.yml');
  writeFileSync(configuration, yaml(choice, root, storage, certificates));
  const path = `${process.env.PATH}:${process.cwd()}/build/tools/usr/bin`;
  const enter = choice.networkOf ? ['nsenter', '-t', String(choice.networkOf), '-n'] : [];
  const [program = '', ...words] = [...enter, 'docker-registry', 'serve', configuration];
  const child = spawn(program, words, {
    env: { PATH: path, OTEL_TRACES_EXPORTER: 'none' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  const port = await portOf(child, lines);
  return {
    host: `127.0.0.1:${port}`,
    port,
    storage,
    caPath: certificates?.ca ?? '',
    log: () => lines.join('\n'),
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
      rmSync(root, { recursive: true });
    },
  };
}

function yaml(
  { auth, token, port = 0, extra = '' }: RegistryChoice,
  root: string,
  storage: string,
  certificates: Certificates | undefined,
): string {
  const lines = [
    'version: 0.1',
    'log: {level: info, accesslog: {disabled: false}}',
    `storage: {filesystem: {rootdirectory: ${storage}}, delete: {enabled: true}, maintenance: {uploadpurging: {enabled: false}}}`,
    'http:',
    `  addr: 127.0.0.1:${port}`,
    '  secret: only-for-this-test',
  ];
  if (certificates)
    lines.push(`  tls: {certificate: ${certificates.certificate}, key: ${certificates.key}}`);
  if (auth) {
    const file = join(root, 'htpasswd');
    writeFileSync(file, `${auth.username}:${hashSync(auth.password, 4)}\n`);
    lines.push(`auth: {htpasswd: {realm: test, path: ${file}}}`);
  }
  if (token) {
    const { realm, service, issuer, certificatePath } = token;
    lines.push(
      `auth: {token: {realm: "${realm}", service: "${service}", issuer: "${issuer}", rootcertbundle: ${certificatePath}}}`,
    );
  }
  return [...lines, extra].join('\n');
}

/** @throws when it ends before it listens, with what it said */
async function portOf(child: ChildProcess, lines: string[]): Promise<number> {
  const reader = createInterface({ input: child.stderr as NodeJS.ReadableStream });
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`docker-registry ended: ${lines.join('\n')}`)));
    reader.on('line', (line) => {
      lines.push(line);
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port) resolve(Number(port));
    });
  });
}

export interface Certificates {
  /** Paths of PEM files. */
  ca: string;
  certificate: string;
  key: string;
}

/** An authority that lives as long as the folder, and what it signed for this machine. openssl-req(1) */
export function makeCertificates(folder: string, host = 'localhost'): Certificates {
  const [ca, caKey] = [join(folder, 'ca.crt'), join(folder, 'ca.key')];
  const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const request = (...words: string[]) =>
    execFileSync('openssl', ['req', '-x509', '-days', '2', ...newKey, ...words], {
      stdio: 'pipe',
    });
  request('-subj', '/CN=petri test authority', '-keyout', caKey, '-out', ca);
  const names = `subjectAltName=IP:127.0.0.1,DNS:${host}`;
  request(
    ...['-subj', '/CN=localhost', '-addext', names, '-addext', 'basicConstraints=CA:FALSE'],
    ...['-CA', ca, '-CAkey', caKey, '-keyout', key, '-out', certificate],
  );
  return { ca, certificate, key };
}
