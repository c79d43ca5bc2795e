/** An image with real servers in it (nginx, PostgreSQL, redis, iperf3), and how each is run in the foreground. */
import { execFileSync } from 'node:child_process';
import type { Supervisor } from './supervisor.ts';

export const SERVICES = 'build/services.tar';

/** Scripts for `sh -c`, without single quotes. */
export const servers = {
  nginx: 'exec nginx -g "daemon off;"',
  redis: 'exec redis-server --bind 0.0.0.0 --protected-mode no',
  /** As the user postgres, whose home is /var/lib/postgresql; the first container that has this folder makes the cluster. */
  postgres: `cd; [ -s data/PG_VERSION ] || initdb -D data --auth trust >/dev/null || exit
    grep -q "^host all all all" data/pg_hba.conf || echo host all all all trust >>data/pg_hba.conf
    exec postgres -D data -c listen_addresses=0.0.0.0`,
  iperf: 'exec iperf3 --server --forceflush',
} as const;

/** Makes the archive if it is not there yet: half a minute, and the package archive. */
export function buildServices(): void {
  execFileSync('make', ['-s', SERVICES], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Afterwards the engine has an image `services`. */
export async function loadServices(engine: Pick<Supervisor, 'docker'>): Promise<void> {
  buildServices();
  const loaded = await engine.docker('import', SERVICES, 'services');
  if (loaded.code !== 0) throw new Error(`cannot load the servers: ${loaded.stderr}`);
}
