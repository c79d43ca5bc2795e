/**
 * A project of three services (nginx, redis, PostgreSQL) by Debian's docker-compose 1.29 and by compose 2: up, scaled, its logs,
 * one service changed, down and up again with its rows, and down for good.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCompose } from '../../support/compose.ts';
import { RealSuite } from '../../support/real.ts';
import { servers } from '../../support/services.ts';

const suite = new RealSuite();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'petri-compose-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const shell = (line: string) => ['sh', '-c', line];

/** @param page what the web server shows */
const project = (page: string) => ({
  services: {
    web: {
      image: 'services',
      command: shell(`echo "$$PAGE" >/var/www/html/page; ${servers.nginx}`),
      environment: { PAGE: page },
      ports: ['127.0.0.1::80'],
      depends_on: { db: { condition: 'service_healthy' }, cache: { condition: 'service_started' } },
      networks: ['front', 'back'],
    },
    cache: { image: 'services', command: shell(servers.redis), networks: ['back'] },
    db: {
      image: 'services',
      user: 'postgres',
      command: shell(servers.postgres),
      volumes: ['rows:/var/lib/postgresql'],
      networks: { back: { aliases: ['database'] } },
      healthcheck: { test: 'psql -c "select 1"', interval: '200ms', retries: 100 },
    },
  },
  networks: { front: {}, back: { internal: true } },
  volumes: { rows: {} },
});

const script = `
compose() { "$COMPOSE" --project-name "$PROJECT" --project-directory . "$@"; }
in_web() { compose exec -T web "$@"; }
query() { in_web psql -h database -U postgres -qtAc "$1"; }
caches() { in_web getent ahostsv4 cache | cut -d' ' -f1 | sort -u; }
page() { curl -sf http://$(compose port web 80)/page; }
named() { docker "$1" ls -q --filter label=com.docker.compose.project=$PROJECT; }

compose up -d
wait_for page
page
compose ps --services | sort | xargs
query 'create table rows as select generate_series(1, 100)'

compose up -d --scale cache=3
for each in $(caches); do wait_for in_web redis-cli -h $each ping; done
caches | wc -l
compose logs --no-color cache | grep -c 'Ready to accept connections'

docker inspect -f '{{.Id}}' $(compose ps -q db) >db
compose -f changed.yml up -d --scale cache=3
page
docker inspect -f '{{.Id}}' $(compose ps -q db) | cmp - db

compose run -T --rm web redis-cli -h cache ping
compose down
docker ps -aq | wc -l
compose up -d
query 'select count(*) from rows'
compose down --volumes --timeout 2
named volume; named network; named container
`;

describe.each([1, 2])('compose %i', (major) => {
  const compose = findCompose(major);

  test.skipIf(!compose)('the whole life of a project', async () => {
    // JSON is YAML too.
    writeFileSync(join(folder, 'docker-compose.yml'), JSON.stringify(project('first')));
    writeFileSync(join(folder, 'changed.yml'), JSON.stringify(project('second')));
    const env = { COMPOSE: resolve(compose?.path ?? ''), PROJECT: `shop${major}` };
    const told = await suite.script('docker', `cd ${folder}\n${script}`, env);
    expect(told.split('\n')).toEqual([
      'first',
      'cache db web',
      '3',
      '3',
      'second',
      'PONG',
      '0',
      '100',
    ]);
  });
});
