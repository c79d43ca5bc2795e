/** Tests of real applications: the suite of docker's CLI with the servers' image, and scripts that wait for a state. */
import { beforeAll, expect } from 'vitest';
import type { Client } from './compatibility.ts';
import { DockerSuite } from './docker.ts';
import { loadServices } from './services.ts';
import { run } from './supervisor.ts';

/** `until COMMAND…` is bash's own word; this one gives up, with what the command said last. */
const PRELUDE = `set -eu
wait_for() {
  local deadline=$((SECONDS + 60)) said
  until said=$("$@" 2>&1); do
    [ $SECONDS -lt $deadline ] || { echo "in vain: $*: $said" >&2; exit 99; }
    sleep 0.05
  done
}
`;

export class RealSuite extends DockerSuite {
  constructor() {
    super();
    beforeAll(() => loadServices(this.engine));
  }

  /** Runs a bash script in which `$D` is the client, and expects that no command of it fails. */
  async script(client: Client, text: string, env: Record<string, string> = {}): Promise<string> {
    const D = client === 'docker' ? 'docker' : `${process.cwd()}/bin/petri`;
    const environment = { D, DOCKER_HOST: `unix://${this.engine.socket}`, TERM: 'xterm', ...env };
    const ran = await run('bash', ['-c', PRELUDE + text], environment);
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    return ran.stdout.trim();
  }
}
