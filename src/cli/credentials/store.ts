/** Where a registry's credentials are: with the helper that config.json names for it, or in the file itself. */
import { configPath, type Fields, fieldsOf, readConfig, writeConfig } from './config-file.ts';
import { type Credentials, hasSecret } from './credentials.ts';
import { Helper } from './helper.ts';
import { hostnameOf } from './registry-key.ts';

export class CredentialStore {
  private constructor(
    readonly path: string,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly fields: Fields,
  ) {}

  /** @throws CommandError when there is a file that cannot be read */
  static async open(environment: NodeJS.ProcessEnv): Promise<CredentialStore> {
    const path = configPath(environment);
    return new CredentialStore(path, environment, await readConfig(path));
  }

  /** The program that keeps this registry's credentials; undefined: they are in the file. */
  helper(key: string): Helper | undefined {
    const name = fieldsOf(this.fields, 'credHelpers')[key] || this.fields.credsStore;
    return typeof name === 'string' && name ? new Helper(name, this.environment) : undefined;
  }

  /** @throws CommandError when a helper fails */
  async get(key: string): Promise<Credentials | undefined> {
    const helper = this.helper(key);
    return helper ? await helper.get(key) : this.#inFile(key);
  }

  /** @throws CommandError when a helper fails or the file cannot be written */
  async put(key: string, credentials: Credentials): Promise<void> {
    const helper = this.helper(key);
    // With a helper the file only says that there is something to ask it for.
    await helper?.store(key, credentials);
    await this.#write({
      ...fieldsOf(this.fields, 'auths'),
      [key]: helper ? {} : kept(credentials),
    });
  }

  /** @returns whether there was anything in the file. @throws as `put` */
  async erase(key: string): Promise<boolean> {
    await this.helper(key)?.erase(key);
    const auths = fieldsOf(this.fields, 'auths');
    const names = Object.keys(auths).filter((name) => name === key || hostnameOf(name) === key);
    if (names.length === 0) return false;
    await this.#write(
      Object.fromEntries(Object.entries(auths).filter(([name]) => !names.includes(name))),
    );
    return true;
  }

  #inFile(key: string): Credentials | undefined {
    const auths = fieldsOf(this.fields, 'auths');
    const name = Object.hasOwn(auths, key)
      ? key
      : Object.keys(auths).find((other) => hostnameOf(other) === key);
    const found = name === undefined ? {} : read(fieldsOf(auths, name));
    return hasSecret(found) ? found : undefined;
  }

  async #write(auths: Fields): Promise<void> {
    this.fields.auths = auths;
    await writeConfig(this.path, this.fields);
  }
}

/** An entry of `auths`: `{"auth": base64 of user:password, "identitytoken": …}`. */
function read({ auth, identitytoken, username, password }: Fields): Credentials {
  const text = typeof auth === 'string' ? Buffer.from(auth, 'base64').toString() : '';
  const colon = text.indexOf(':');
  const plain = colon < 0 ? [username, password] : [text.slice(0, colon), text.slice(colon + 1)];
  const [name, secret] = plain.map((one) => (typeof one === 'string' && one ? one : undefined));
  return {
    username: name,
    // The old file of docker's filled it up with NULs.
    password: secret?.replace(/\0+$/, ''),
    identitytoken: typeof identitytoken === 'string' && identitytoken ? identitytoken : undefined,
  };
}

function kept({ username = '', password = '', identitytoken }: Credentials): Fields {
  // The token is in place of the password, which is not kept.
  const secret = identitytoken ? '' : password;
  return {
    auth: Buffer.from(`${username}:${secret}`).toString('base64'),
    ...(identitytoken && { identitytoken }),
  };
}
