/** `petri login`, `petri logout`: credentials into docker's config.json, or to the helper it names, and away again. */
import { text } from 'node:stream/consumers';
import { ApiError } from '../../api/client/errors.ts';
import type { CommandSpec } from '../command.ts';
import { type Credentials, hasSecret } from '../credentials/credentials.ts';
import { Prompt } from '../credentials/prompt.ts';
import { indexServer, keyOfServer } from '../credentials/registry-key.ts';
import { CredentialStore } from '../credentials/store.ts';
import { CommandError } from '../errors.ts';
import type { Flags } from '../flags.ts';
import type { Session } from '../session.ts';

/** `POST /auth`; what the registry has taken is kept. */
export const login: CommandSpec = {
  name: 'login',
  usage: '[OPTIONS] [SERVER]',
  summary: 'Log in at a registry; without SERVER at Docker Hub',
  operands: [0, 1],
  flags: [
    { long: 'username', short: 'u', value: 'string', text: 'name' },
    { long: 'password', short: 'p', value: 'string', text: 'password or access token' },
    { long: 'password-stdin', text: 'read the password from stdin' },
  ],
  async run(session, [server = ''], flags) {
    const given = await fromFlags(session, flags);
    const key = keyOfServer(server);
    const store = await CredentialStore.open(session.environment);
    // Who brings a name and a password needs nothing that is kept.
    const isGiven = Boolean(given.username && given.password);
    const stored = isGiven ? {} : ((await store.get(key)) ?? {});
    const isByStored = !given.username && !given.password && hasSecret(stored);
    if (isByStored && (await loginAgain(session, store, key, stored))) return 0;
    const credentials = await completed(session, key, given, stored);
    await loginWith(session, store, key, credentials);
    return 0;
  },
};

/** What is kept of a registry goes away; the registry itself is not asked. */
export const logout: CommandSpec = {
  name: 'logout',
  usage: '[SERVER]',
  summary: 'Log out from a registry; without SERVER from Docker Hub',
  operands: [0, 1],
  async run(session, [server = '']) {
    const key = keyOfServer(server);
    session.print(`Removing login credentials for ${key}`);
    try {
      await (await CredentialStore.open(session.environment)).erase(key);
      return 0;
    } catch (error) {
      session.warn(`WARNING: could not erase credentials:\n${key}: ${(error as Error).message}`);
      return 1;
    }
  },
};

/** @throws CommandError for flags that do not go together */
async function fromFlags(session: Session, flags: Flags): Promise<Credentials> {
  const [username, password] = [flags.text('username'), flags.text('password')];
  if (flags.has('username') && !username) throw new CommandError('username is empty');
  if (!flags.switch('password-stdin')) {
    if (password !== undefined)
      session.warn('WARNING! Using --password via the CLI is insecure. Use --password-stdin.');
    return { username, password };
  }
  if (password !== undefined)
    throw new CommandError(
      'conflicting options: cannot specify both --password and --password-stdin',
    );
  if (!username)
    throw new CommandError('the --password-stdin option requires --username to be set');
  return { username, password: (await text(session.streams.stdin)).replace(/\r?\n$/, '') };
}

/** @returns false when they are no longer good: then the user is asked */
async function loginAgain(
  session: Session,
  store: CredentialStore,
  key: string,
  stored: Credentials,
): Promise<boolean> {
  const who = stored.username ? ` [Username: ${stored.username}]` : '';
  session.warn(`Authenticating with existing credentials...${who}`);
  session.warn("To log in with a different account, run 'petri logout' and then 'petri login'");
  try {
    const { Status, credentials } = await authenticate(session, key, stored);
    // What is kept already is kept; only a new token is news.
    if (credentials.identitytoken !== stored.identitytoken) await store.put(key, credentials);
    session.print(Status);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    session.warn(
      error.status === 401
        ? 'Stored credentials invalid or expired'
        : `Login did not succeed, error: ${error.message}`,
    );
    return false;
  }
}

/** Asks for what is missing. @throws CommandError where there is nobody to ask, or no answer */
async function completed(
  session: Session,
  key: string,
  given: Credentials,
  stored: Credentials,
): Promise<Credentials> {
  if (given.username && given.password) return given;
  if (!session.streams.stdin.isTTY)
    throw new CommandError('Error: Cannot perform an interactive login from a non TTY device');
  if (key === indexServer && !given.username)
    session.warn('Log in with your Docker ID or email address to use images of Docker Hub.');
  const prompt = new Prompt(session.streams);
  try {
    const username = given.username || (await askName(prompt, stored.username));
    if (!username) throw new CommandError('Error: Non-null Username Required');
    const password = given.password || (await prompt.askSecret('Password: '));
    if (!password) throw new CommandError('Error: Password Required');
    return { username, password };
  } finally {
    prompt.close();
  }
}

async function askName(prompt: Prompt, former = ''): Promise<string> {
  const typed = await prompt.ask(former ? `Username (${former}): ` : 'Username: ');
  return typed.trim() || former;
}

async function loginWith(
  session: Session,
  store: CredentialStore,
  key: string,
  given: Credentials,
): Promise<void> {
  const { Status, credentials } = await authenticate(session, key, given);
  if (!store.helper(key)) warnOfFile(session, store.path);
  await store.put(key, credentials);
  session.print(Status);
}

/** A registry that gives a token for the time to come is not given the password again. */
async function authenticate(
  session: Session,
  serveraddress: string,
  given: Credentials,
): Promise<{ Status: string; credentials: Credentials }> {
  const client = await session.client();
  const { Status, IdentityToken } = await client.registry.login({ ...given, serveraddress });
  const { username } = given;
  return {
    Status: Status || 'Login Succeeded',
    credentials: IdentityToken ? { username, identitytoken: IdentityToken } : given,
  };
}

function warnOfFile(session: Session, path: string): void {
  session.warn(
    [
      '',
      `WARNING! Your credentials are stored unencrypted in '${path}'.`,
      'Configure a credential helper to remove this warning. See',
      'https://docs.docker.com/go/credential-store/',
      '',
    ].join('\n'),
  );
}
