/** PostgreSQL, with its cluster in a named volume: the rows outlive the container, however it ends. */
import { afterEach, describe, expect, test } from 'vitest';
import { clients } from '../../support/compatibility.ts';
import { RealSuite } from '../../support/real.ts';
import { servers } from '../../support/services.ts';

const suite = new RealSuite();
afterEach(() => suite.docker('volume', 'rm', 'rows'));

const ROWS = 1000;

/** The volume is filled from the image, where the folder belongs to the user postgres. */
const PRELUDE = `
server='${servers.postgres}'
serve() { $D run -d --name db --user postgres -v rows:/var/lib/postgresql services sh -c "$server" >/dev/null; }
query() { $D exec --user postgres db psql -qtAc "$1"; }
count() { query 'select count(*), sum(number) from rows'; }
`;

const sum = (count: number) => `${count}|${(count * (count + 1)) / 2}`;

describe.each(clients)('by %s', (client) => {
  test('rows are there in the next container: after rm -f, and after kill -9 of its first process', async () => {
    const told = await suite.script(
      client,
      `${PRELUDE}
       serve
       wait_for query 'select 1'
       query 'create table rows (number int)'
       query 'insert into rows select generate_series(1, ${ROWS})'
       count
       $D rm -f db >/dev/null

       serve
       wait_for query 'select 1'
       count
       query 'insert into rows select generate_series(${ROWS + 1}, ${2 * ROWS})'
       kill -9 $($D inspect -f '{{.State.Pid}}' db)
       $D wait db
       $D start db >/dev/null
       wait_for query 'select 1'
       count
       kill -9 $($D inspect -f '{{.State.Pid}}' db)
       $D wait db
       $D rm db >/dev/null

       serve
       wait_for query 'select 1'
       count
       $D logs db 2>&1 | grep -c 'automatic recovery in progress'
       $D rm -f db >/dev/null`,
    );
    expect(told.split('\n')).toEqual([
      sum(ROWS),
      sum(ROWS),
      '137',
      sum(2 * ROWS),
      '137',
      sum(2 * ROWS),
      '1',
    ]);
  });
});

test('a client in another container finds it by name; the volume cannot go before the container', async () => {
  const told = await suite.script(
    'docker',
    `${PRELUDE}
     $D network create --internal back >/dev/null
     trap '$D network rm back >/dev/null' EXIT
     $D run -d --name db --network back --user postgres -v rows:/var/lib/postgresql services sh -c "$server" >/dev/null
     wait_for query 'select 1'
     $D run --rm --network back services psql -h db -U postgres -tAc 'select inet_server_port()'
     ! $D volume rm rows 2>&1
     $D rm -f db >/dev/null`,
  );
  expect(told).toMatch(
    /^5432\nError response from daemon: remove rows: volume is in use - \[[0-9a-f]{64}\]$/,
  );
});
