/** login and logout by docker's command and by petri's, at real registries, through one engine and one config.json. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRegistries } from '../../src/image/registry/registries.ts';
import { push, randomBlob } from '../support/blobs.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type Ran, run, Supervisor } from '../support/supervisor.ts';
import { startTokenServer, type TokenServer } from '../support/token-server.ts';

const auth = { username: 'anna', password: 'geheim-ist-es' };
let engine: Supervisor;
let registry: TestRegistry;
let withTokens: TestRegistry;
let tokens: TokenServer;
let folder: string;

beforeAll(async () => {
  engine = await Supervisor.start();
  registry = await startRegistry({ auth });
  tokens = await startTokenServer({
    users: { [auth.username]: auth.password },
    allows: () => true,
  });
  withTokens = await startRegistry({ token: tokens });
  folder = mkdtempSync(join(tmpdir(), 'petri-login-'));
});
afterAll(async () => {
  await engine.remove();
  await registry.close();
  await withTokens.close();
  await tokens.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
});

const commands = { docker: 'docker', petri: 'bin/petri' };
type Command = keyof typeof commands;

function environment(): Record<string, string> {
  const host = `unix://${engine.socket}`;
  return { DOCKER_CONFIG: folder, DOCKER_HOST: host, PETRI_HOST: host };
}
/** One command against the engine, with something on stdin. */
function say(command: Command, words: string[], input = ''): Promise<Ran> {
  return run(commands[command], words, environment(), input);
}
const config = () => JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
const login = (command: Command, host: string, password = auth.password) =>
  say(command, ['login', '-u', auth.username, '--password-stdin', host], `${password}\n`);

describe.each<Command>(['docker', 'petri'])('%s', (command) => {
  it('login: keeps what the registry has taken', async () => {
    const ran = await login(command, registry.host);
    expect([ran.code, ran.stdout]).toEqual([0, 'Login Succeeded\n']);
    expect(ran.stderr).toContain(
      `WARNING! Your credentials are stored unencrypted in '${folder}/config.json'.`,
    );
    const pair = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
    expect(config()).toEqual({ auths: { [registry.host]: { auth: pair } } });
  });
  it('login: a wrong password is refused and not kept', async () => {
    const ran = await login(command, registry.host, 'wrong');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(
      `login attempt to http://${registry.host}/v2/ failed with status: 401 Unauthorized`,
    );
    expect(ran.stderr).not.toContain('wrong');
    expect(config).toThrow();
  });
  it('login: what was kept serves the other command', async () => {
    const other = command === 'docker' ? 'petri' : 'docker';
    expect((await login(other, registry.host)).code).toBe(0);
    const ran = await say(command, ['login', registry.host]);
    expect([ran.code, ran.stdout.trim()]).toEqual([0, 'Login Succeeded']);
  });
  it('login: a token server’s refresh token is kept, the password is not', async () => {
    const ran = await login(command, withTokens.host);
    expect(ran.code).toBe(0);
    expect(config().auths[withTokens.host].identitytoken).toBe('refresh:anna');
    expect(readFileSync(join(folder, 'config.json'), 'utf8')).not.toContain(
      Buffer.from(auth.password).toString('base64').slice(2, 12),
    );
    expect((await login(command, withTokens.host, 'wrong')).stderr).toContain(
      'incorrect username or password',
    );
  });
  it('login: a helper keeps it, and nothing secret is in the file', async () => {
    const helper = join(folder, 'docker-credential-note');
    writeFileSync(helper, `#!/bin/sh\ncat > ${folder}/kept\n`, { mode: 0o755 });
    writeFileSync(join(folder, 'config.json'), '{"credsStore":"note"}');
    const env = { ...environment(), PATH: `${folder}:${process.env.PATH}` };
    const words = ['login', '-u', auth.username, '-p', auth.password, registry.host];
    const ran = await run(commands[command], words, env);
    expect(ran.code).toBe(0);
    expect(ran.stderr).not.toContain('unencrypted');
    expect(ran.stderr).toContain('WARNING! Using --password via the CLI is insecure');
    expect(JSON.parse(readFileSync(`${folder}/kept`, 'utf8'))).toEqual({
      ServerURL: registry.host,
      Username: auth.username,
      Secret: auth.password,
    });
    expect(config()).toEqual({ credsStore: 'note', auths: { [registry.host]: {} } });
  });
  it('logout: takes it away, and what is not there is no error', async () => {
    await login(command, registry.host);
    for (let time = 0; time < 2; time++) {
      const ran = await say(command, ['logout', registry.host]);
      expect([ran.code, ran.stdout]).toEqual([
        0,
        `Removing login credentials for ${registry.host}\n`,
      ]);
      expect(config().auths).toEqual({});
    }
  });
  it('login: opens the registry to push and pull, logout shuts it', async () => {
    const name = `${registry.host}/by-${command}:v1`;
    await login(command, registry.host);
    await say(command, ['tag', 'busybox', name]);
    expect((await say(command, ['push', name])).code).toBe(0);
    await say(command, ['rmi', name]);
    expect((await say(command, ['pull', name])).code).toBe(0);
    await say(command, ['logout', registry.host]);
    const ran = await say(command, ['pull', name]);
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringContaining('no basic auth credentials'),
    ]);
  });
  it('login without a terminal says that it needs one', async () => {
    const ran = await say(command, ['login', registry.host]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('Cannot perform an interactive login from a non TTY device');
  });
  it('login at a terminal asks, and shows no password', async () => {
    const shown = await converse(`${commands[command]} login ${registry.host}`, [
      ['Username', auth.username],
      ['Password', auth.password],
    ]);
    expect(shown).toContain('Login Succeeded');
    expect(shown).not.toContain(auth.password);
    expect(config().auths).toHaveProperty([registry.host]);
  });
});

/** Runs a command at a terminal and answers each question when it is asked. @returns what the terminal showed */
async function converse(
  words: string,
  answers: [question: string, answer: string][],
): Promise<string> {
  const env = { ...process.env, ...environment() };
  const child = spawn('script', ['-qec', words, '/dev/null'], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const left = [...answers];
  let shown = '';
  child.stdout.on('data', (text) => {
    shown += text;
    const next = left[0];
    if (!next || !shown.includes(next[0])) return;
    left.shift();
    child.stdin.write(`${next[1]}\r`);
  });
  await once(child, 'close');
  return shown;
}

describe('the engine', () => {
  it('GET /distribution: what the registry has, for who may see it', async () => {
    const registries = openRegistries();
    const { signal } = new AbortController();
    const app = registries.repository({ domain: registry.host, path: 'app' }, auth);
    const { digest, bytes, mediaType } = await push(app, 'v1', [randomBlob(100)], signal);
    await registries.close();
    const header = Buffer.from(JSON.stringify(auth)).toString('base64url');
    const path = `/distribution/${registry.host}/app:v1/json`;
    const answer = await engine.api('GET', path, undefined, { 'X-Registry-Auth': header });
    expect(JSON.parse(answer.text)).toEqual({
      Descriptor: { mediaType, digest, size: bytes.length },
      Platforms: [{ architecture: 'amd64', os: 'linux' }],
    });
    const refused = await engine.api('GET', path);
    expect([refused.status, JSON.parse(refused.text).message]).toEqual([
      500,
      expect.stringContaining('no basic auth credentials'),
    ]);
  });
  it('tells nothing secret in its log', async () => {
    await login('docker', registry.host);
    await login('docker', registry.host, 'wrong-but-secret');
    for (const secret of [
      auth.password,
      'wrong-but-secret',
      Buffer.from(`${auth.username}:${auth.password}`).toString('base64'),
    ])
      expect(engine.log).not.toContain(secret);
  });
});
