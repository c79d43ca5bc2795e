/**
 * Programs that keep credentials: `docker-credential-NAME get|store|erase`, a question on stdin, an answer on stdout. No secret
 * is an argument, for every user of the machine sees those. github.com/docker/docker-credential-helpers
 */
import { spawn } from 'node:child_process';
import { CommandError } from '../errors.ts';
import type { Credentials } from './credentials.ts';

/** In place of a user's name: the secret is an identity token. */
const tokenUser = '<token>';
const answerBytesMax = 1024 * 1024;

export class Helper {
  /** @param name `pass`, `ecr-login`: what follows `docker-credential-` */
  constructor(
    readonly name: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {}

  /** @returns undefined when it knows nothing of this registry. @throws CommandError */
  async get(key: string): Promise<Credentials | undefined> {
    const { code, output } = await this.#ask('get', key);
    if (/credentials not found in native keychain/.test(output)) return undefined;
    if (code !== 0) throw this.#failed('get', output);
    const { Username: username, Secret: secret } = this.#parse(output);
    if (typeof username !== 'string' || typeof secret !== 'string')
      throw this.#failed('get', 'its answer has no Username and Secret');
    return username === tokenUser ? { identitytoken: secret } : { username, password: secret };
  }

  /** @throws CommandError */
  async store(key: string, { username, password, identitytoken }: Credentials): Promise<void> {
    const question = {
      ServerURL: key,
      Username: identitytoken ? tokenUser : username,
      Secret: identitytoken || password,
    };
    const { code, output } = await this.#ask('store', JSON.stringify(question));
    if (code !== 0) throw this.#failed('store', output);
  }

  /** What is not there needs no erasing. @throws CommandError */
  async erase(key: string): Promise<void> {
    const { code, output } = await this.#ask('erase', key);
    if (code !== 0 && !/credentials not found/.test(output)) throw this.#failed('erase', output);
  }

  #ask(verb: 'get' | 'store' | 'erase', input: string): Promise<{ code: number; output: string }> {
    const program = `docker-credential-${this.name}`;
    return new Promise((resolve, reject) => {
      const env = this.environment;
      const child = spawn(program, [verb], { env, stdio: ['pipe', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.length > answerBytesMax) child.kill('SIGKILL');
      });
      child.on('error', (error: NodeJS.ErrnoException) => reject(this.#cannotRun(program, error)));
      child.on('close', (code) => resolve({ code: code ?? 255, output: output.trim() }));
      // One that does not read its question has ended; its code tells.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
  }

  #cannotRun(program: string, { code }: NodeJS.ErrnoException): CommandError {
    return code === 'ENOENT'
      ? new CommandError(
          `error getting credentials - err: exec: "${program}": executable file not found in $PATH`,
        )
      : new CommandError(`error getting credentials: cannot run ${program}: ${code}`);
  }

  #parse(output: string): Record<string, unknown> {
    try {
      return (JSON.parse(output) as Record<string, unknown> | null) ?? {};
    } catch {
      throw this.#failed('get', 'its answer is not JSON');
    }
  }

  #failed(verb: string, why: string): CommandError {
    return new CommandError(
      `error ${verb === 'get' ? 'getting' : verb === 'store' ? 'storing' : 'erasing'} credentials - docker-credential-${this.name}: ${why.slice(0, 300) || 'it failed'}`,
    );
  }
}
