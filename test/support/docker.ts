/** What the tests of docker's CLI share: an engine of their own, shell scripts against it, the census around each test. */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type Census, census, expectNoLeak } from './census.ts';
import { type Ran, run, Supervisor } from './supervisor.ts';

export class DockerSuite {
  #engine: Supervisor | undefined;
  /** Of registries: connections to them are kept for a while, and are no leak. */
  readonly peerPorts: number[] = [];

  get engine(): Supervisor {
    if (!this.#engine) throw new Error('the engine is there once the tests run');
    return this.#engine;
  }

  /**
   * Registers the hooks: after each test all containers are removed, and nothing else may be left.
   * @param prefixLength of the bridge's subnet
   */
  constructor(prefixLength = 24) {
    let before: Census;
    beforeAll(async () => {
      this.#engine = await Supervisor.start(prefixLength);
      // What is opened once and for good is open.
      await this.shell(
        'docker run --name first busybox true; docker logs -f first; docker rm first',
      );
    });
    beforeEach(async () => {
      before = await this.census();
    });
    afterEach(async () => {
      await this.removeContainers();
      await expectNoLeak(before);
    });
    afterAll(() => this.engine.remove());
  }

  census(): Promise<Census> {
    const { pid, root, bridge } = this.engine;
    const { peerPorts } = this;
    const places = { dataRoot: `${root}/data`, runRoot: `${root}/run` };
    return census({ supervisorPid: pid, ...places, bridge, peerPorts });
  }

  /** Of all that the API answers to one GET. */
  async get<T>(path: string): Promise<T> {
    const { status, text } = await this.engine.api('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${text}`);
    return JSON.parse(text) as T;
  }

  async removeContainers(): Promise<void> {
    const all = await this.get<{ Id: string }[]>('/containers/json?all=1');
    for (const { Id } of all) await this.engine.api('DELETE', `/containers/${Id}?force=1`);
  }

  docker(...words: string[]): Promise<Ran> {
    return this.engine.docker(...words);
  }

  /** A bash script in which `docker` talks to the engine. */
  shell(script: string): Promise<Ran> {
    const environment = { DOCKER_HOST: `unix://${this.engine.socket}`, TERM: 'xterm' };
    return run('bash', ['-c', script], environment);
  }

  /** What `docker inspect -f` says of one container, trimmed. */
  async inspect(format: string, name: string): Promise<string> {
    return (await this.docker('inspect', '-f', format, name)).stdout.trim();
  }
}
