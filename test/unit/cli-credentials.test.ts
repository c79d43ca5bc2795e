/** Credentials at the command line: docker's config.json, its helpers, its keys. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { authFor } from '../../src/cli/credentials/auth-for.ts';
import { Prompt } from '../../src/cli/credentials/prompt.ts';
import { keyOfReference, keyOfServer } from '../../src/cli/credentials/registry-key.ts';
import { CredentialStore } from '../../src/cli/credentials/store.ts';
import { Session, type Streams } from '../../src/cli/session.ts';

let folder: string;
let environment: NodeJS.ProcessEnv;
let said: string;
const base64 = (text: string) => Buffer.from(text).toString('base64');
const path = () => join(folder, 'config.json');
const write = (config: unknown) =>
  writeFileSync(path(), typeof config === 'string' ? config : JSON.stringify(config));
const read = () => JSON.parse(readFileSync(path(), 'utf8'));
const store = () => CredentialStore.open(environment);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'petri-config-'));
  environment = { PATH: `${folder}:${process.env.PATH}`, DOCKER_CONFIG: folder };
  said = '';
});
afterEach(() => rmSync(folder, { recursive: true }));

function session(): Session {
  const stderr = { write: (text: string) => (said += text) };
  return new Session({ stderr } as unknown as Streams, environment, () => Promise.reject());
}

/** A helper in shell: notes its argument and its question, answers what it is told to. */
function helper(name: string, answer: string, code = 0): void {
  const file = join(folder, `docker-credential-${name}`);
  writeFileSync(
    file,
    `#!/bin/sh\nprintf '%s ' "$1" >> ${folder}/asked\ncat >> ${folder}/asked\necho >> ${folder}/asked\nprintf '%s' '${answer}'\nexit ${code}\n`,
  );
  chmodSync(file, 0o755);
}
const asked = () => readFileSync(join(folder, 'asked'), 'utf8');

describe('the key of a registry', () => {
  test.each([
    ['busybox', 'https://index.docker.io/v1/'],
    ['user/app:1', 'https://index.docker.io/v1/'],
    ['docker.io/library/busybox', 'https://index.docker.io/v1/'],
    ['index.docker.io/a/b', 'https://index.docker.io/v1/'],
    ['localhost/app', 'localhost'],
    ['localhost:5000/app@sha256:00', 'localhost:5000'],
    ['quay.io/a/b:c', 'quay.io'],
    ['[::1]:5000/a', '[::1]:5000'],
    ['Host/a', 'Host'],
  ])('of %s is %s', (reference, key) => expect(keyOfReference(reference)).toBe(key));
  test.each([
    ['', 'https://index.docker.io/v1/'],
    ['docker.io', 'https://index.docker.io/v1/'],
    ['https://index.docker.io/v1/', 'https://index.docker.io/v1/'],
    ['quay.io', 'quay.io'],
    ['https://reg.example:443/v2/', 'reg.example:443'],
    ['http://localhost:5000', 'localhost:5000'],
  ])('of the server %j is %s', (server, key) => expect(keyOfServer(server)).toBe(key));
});

describe('config.json', () => {
  test.each<[string, object, string, object | undefined]>([
    ['auth', { q: { auth: base64('a:b:c') } }, 'q', { username: 'a', password: 'b:c' }],
    [
      'an identity token',
      { q: { auth: base64('a:'), identitytoken: 't' } },
      'q',
      { username: 'a', identitytoken: 't' },
    ],
    [
      'an old URL',
      { 'https://q/v1/': { auth: base64('a:b') } },
      'q',
      { username: 'a', password: 'b' },
    ],
    [
      'plain fields',
      { q: { username: 'a', password: 'b' } },
      'q',
      { username: 'a', password: 'b' },
    ],
    ['an empty entry', { q: {} }, 'q', undefined],
    ['what is no base64', { q: { auth: '%%%' } }, 'q', undefined],
    ['an entry that is null', { q: null }, 'q', undefined],
    ['another registry', { r: { auth: base64('a:b') } }, 'q', undefined],
    ['a name of objects', {}, 'constructor', undefined],
  ])('%s', async (_what, auths, key, expected) => {
    write({ auths });
    const found = await (await store()).get(key);
    expect(found && JSON.parse(JSON.stringify(found))).toEqual(expected);
  });
  test('keeps what it does not know, is written whole, and for its owner alone', async () => {
    write({
      auths: { r: { auth: 'x', email: 'e' } },
      psFormat: '{{.ID}}',
      plugins: { a: { b: '1' } },
    });
    chmodSync(path(), 0o644);
    await (await store()).put('q', { username: 'a', password: 'b' });
    expect(read()).toEqual({
      auths: { r: { auth: 'x', email: 'e' }, q: { auth: base64('a:b') } },
      psFormat: '{{.ID}}',
      plugins: { a: { b: '1' } },
    });
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['config.json']);
    expect(await (await store()).erase('q')).toBe(true);
    expect(await (await store()).erase('q')).toBe(false);
    expect(read().auths).toEqual({ r: { auth: 'x', email: 'e' } });
  });
  test('is made with its folder; a link to it stays a link', async () => {
    environment.DOCKER_CONFIG = join(folder, 'new');
    await (await store()).put('q', { username: 'a', identitytoken: 't' });
    expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700);
    mkdirSync(join(folder, 'linked'));
    symlinkSync(join(folder, 'new', 'config.json'), join(folder, 'linked', 'config.json'));
    environment.DOCKER_CONFIG = join(folder, 'linked');
    await (await store()).put('r', { username: 'a', password: 'b' });
    expect(JSON.parse(readFileSync(join(folder, 'new', 'config.json'), 'utf8'))).toEqual({
      auths: { q: { auth: base64('a:'), identitytoken: 't' }, r: { auth: base64('a:b') } },
    });
  });
  test.each(['[]', '{', 'null', '"x"'])(
    'that is %s is not overwritten, and its text is not shown',
    async (text) => {
      write(text);
      await expect(store()).rejects.toThrow(
        /error loading config file: .*: it is not a JSON object/,
      );
      expect(readFileSync(path(), 'utf8')).toBe(text);
    },
  );
});

describe('a helper', () => {
  test('of the registry comes before the one of all, and both before the file', async () => {
    helper('one', '{"ServerURL":"q","Username":"u","Secret":"s"}');
    helper('all', '{"Username":"<token>","Secret":"t"}');
    write({ credHelpers: { q: 'one' }, credsStore: 'all', auths: { q: { auth: base64('a:b') } } });
    expect(await (await store()).get('q')).toEqual({ username: 'u', password: 's' });
    expect(await (await store()).get('r')).toEqual({ identitytoken: 't' });
    expect(asked()).toBe('get q\nget r\n');
  });
  test('keeps and forgets; the secret is in its question, not in the file', async () => {
    helper('all', '');
    write({ credsStore: 'all' });
    await (await store()).put('q', { username: 'a', password: 'se"cret' });
    await (await store()).put('r', { username: 'a', identitytoken: 't' });
    expect(read().auths).toEqual({ q: {}, r: {} });
    await (await store()).erase('q');
    expect(read().auths).toEqual({ r: {} });
    expect(asked().split('\n')).toEqual([
      'store {"ServerURL":"q","Username":"a","Secret":"se\\"cret"}',
      'store {"ServerURL":"r","Username":"<token>","Secret":"t"}',
      'erase q',
      '',
    ]);
  });
  test('that knows nothing is no error; one that fails, lies or is not there is', async () => {
    helper('none', 'credentials not found in native keychain', 1);
    helper('bad', 'it is locked', 1);
    helper('liar', '{"Username":7}');
    helper('talker', 'hello');
    write({ credHelpers: { n: 'none', b: 'bad', l: 'liar', t: 'talker', g: 'gone' } });
    expect(await (await store()).get('n')).toBeUndefined();
    await (await store()).erase('n');
    await expect((await store()).get('b')).rejects.toThrow(/docker-credential-bad: it is locked/);
    await expect((await store()).get('l')).rejects.toThrow(/no Username and Secret/);
    await expect((await store()).get('t')).rejects.toThrow(/not JSON/);
    await expect((await store()).get('g')).rejects.toThrow(
      /"docker-credential-gone": executable file not found/,
    );
  });
});

describe('authFor', () => {
  const decode = (header: string | undefined) =>
    JSON.parse(Buffer.from(header ?? '', 'base64url').toString());
  test('is the header for the registry of a reference', async () => {
    write({
      auths: {
        'https://index.docker.io/v1/': { auth: base64('ä:ÿ?>') },
        'q:5000': { auth: base64('a:b') },
      },
    });
    expect(decode(await authFor(session(), 'busybox'))).toEqual({
      username: 'ä',
      password: 'ÿ?>',
      serveraddress: 'https://index.docker.io/v1/',
    });
    expect(await authFor(session(), 'busybox')).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decode(await authFor(session(), 'q:5000/x')).username).toBe('a');
    expect(await authFor(session(), 'r/x.y/z')).toBe(await authFor(session(), 'busybox'));
    expect(await authFor(session(), 'r:1/x')).toBeUndefined();
    expect(said).toBe('');
  });
  test('warns of what cannot be read, and goes on without', async () => {
    write('{"auths":{"q":{"auth":"c2VjcmV0');
    expect(await authFor(session(), 'q.x/y')).toBeUndefined();
    expect(said).toMatch(/^WARNING: error loading config file/);
    expect(said).not.toContain('c2Vj');
    rmSync(path());
    expect(await authFor(session(), 'q.x/y')).toBeUndefined();
    expect(existsSync(path())).toBe(false);
  });
});

describe('a prompt', () => {
  const open = () => {
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    return {
      stdin,
      stdout,
      prompt: new Prompt({ stdin, stdout, stderr: stdout } as unknown as Streams),
    };
  };
  test('does not show a secret, and takes what was typed ahead', async () => {
    const { stdin, stdout, prompt } = open();
    stdin.write('anna\r');
    expect(await prompt.ask('Name: ')).toBe('anna');
    const secret = prompt.askSecret('Password: ');
    stdin.write('geheim\r');
    expect(await secret).toBe('geheim');
    stdin.write('x\ry\r');
    expect([await prompt.ask('A: '), await prompt.askSecret('B: ')]).toEqual(['x', 'y']);
    prompt.close();
    expect(String(stdout.read())).not.toContain('geheim');
  });
  test('ends by control-C and at the end of input', async () => {
    const first = open();
    const name = first.prompt.ask('Name: ');
    first.stdin.write('\u0003');
    await expect(name).rejects.toMatchObject({ code: 130 });
    const second = open();
    const secret = second.prompt.askSecret('Password: ');
    second.stdin.end();
    await expect(secret).rejects.toThrow('closed');
  });
});
