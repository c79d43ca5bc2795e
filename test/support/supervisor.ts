/** A real supervisor process on roots, socket and bridge of its own, and docker's CLI against it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** How its process comes to be. */
export interface Launch {
  /** A command that becomes the one behind it. */
  launcher?: readonly string[];
  program?: string;
}

export class Supervisor {
  #process: ChildProcess | undefined;
  log = '';

  private constructor(
    readonly root: string,
    readonly bridge: string,
    readonly bip: string,
    private readonly launch: Launch,
  ) {}

  /**
   * Starts one and loads busybox.
   * @param prefixLength of the bridge's subnet
   */
  static async start(prefixLength = 24, launch: Launch = {}): Promise<Supervisor> {
    const root = await mkdtemp(join(tmpdir(), 'petri-e2e-'));
    const bip = `10.${randomInt(200, 250)}.${randomInt(0, 250)}.1/${prefixLength}`;
    const bridge = `pt${randomBytes(3).toString('hex')}`;
    const supervisor = new Supervisor(root, bridge, bip, launch);
    await supervisor.up();
    const loaded = await supervisor.docker(
      'import',
      '-c',
      'CMD ["sh"]',
      'build/busybox.tar',
      'busybox:latest',
    );
    if (loaded.code !== 0) throw new Error(`cannot load busybox: ${loaded.stderr}`);
    return supervisor;
  }

  get socket(): string {
    return join(this.root, 'petri.sock');
  }
  get pid(): number {
    return this.#process?.pid ?? 0;
  }
  get flags(): string[] {
    return [
      '--data-root',
      join(this.root, 'data'),
      '--exec-root',
      join(this.root, 'run'),
      '-H',
      `unix://${this.socket}`,
      '--pidfile',
      join(this.root, 'pid'),
      '--bridge',
      this.bridge,
      '--bip',
      this.bip,
    ];
  }

  /** Starts the process and waits until it answers. */
  async up(): Promise<void> {
    const { launcher = [], program = 'dist/supervisor.mjs' } = this.launch;
    const [file = '', ...words] = [...launcher, process.execPath, program, ...this.flags];
    const child = spawn(file, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr?.on('data', (text) => {
      this.log += text;
    });
    this.#process = child;
    while (!(await this.answers())) {
      if (child.exitCode !== null) throw new Error(`the supervisor ended: ${this.log}`);
      await delay(10);
    }
  }

  /** As the out-of-memory killer would end it. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Removes all containers, networks, the bridge, its rules and the folders. */
  async remove(): Promise<void> {
    const ids = (await this.docker('ps', '-aq')).stdout.split('\n').filter(Boolean);
    if (ids.length) await this.docker('rm', '-f', ...ids);
    await this.docker('network', 'prune', '-f');
    await this.kill('SIGTERM');
    await run('ip', ['link', 'del', this.bridge]);
    await run('nft', ['delete', 'table', 'inet', `petri_${this.bridge}`]);
    await rm(this.root, { recursive: true, force: true });
  }

  docker(...args: string[]): Promise<Ran> {
    return run('docker', ['-H', `unix://${this.socket}`, ...args]);
  }

  petri(...args: string[]): Promise<Ran> {
    return run('bin/petri', args, { PETRI_HOST: `unix://${this.socket}` });
  }

  async answers(): Promise<boolean> {
    return (await this.api('GET', '/_ping').catch(() => undefined))?.status === 200;
  }

  /** One request on a connection of its own. */
  api(
    method: string,
    path: string,
    body?: unknown,
    extra: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const text =
        body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      const headers =
        text === undefined
          ? extra
          : {
              ...extra,
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(text),
            };
      const sent = request(
        { agent: false, socketPath: this.socket, method, path, headers },
        async (response) => {
          let answer = '';
          for await (const chunk of response) answer += chunk;
          resolve({ status: response.statusCode ?? 0, text: answer });
        },
      );
      sent.on('error', reject);
      sent.end(text);
    });
  }
}

export function run(
  file: string,
  args: string[],
  env: Record<string, string> = {},
  input?: string,
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { env: { ...process.env, ...env }, maxBuffer: 1 << 28 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
        resolve({ code, stdout, stderr });
      },
    );
    // It may have ended already, unread.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}
