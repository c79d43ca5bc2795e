/** redis on a network of its own, and clients that find it by name: renamed, restarted, three under one alias. */
import { afterEach, describe, expect, test } from 'vitest';
import { clients } from '../../support/compatibility.ts';
import { RealSuite } from '../../support/real.ts';
import { servers } from '../../support/services.ts';

const suite = new RealSuite();
afterEach(async () => {
  await suite.removeContainers();
  await suite.docker('network', 'rm', 'back');
});

/** `ask` runs a client in a container that has been there all the time. No name is asked for outside: the network is internal. */
const PRELUDE = `
serve() { $D run -d --network back "$@" services sh -c '${servers.redis}' >/dev/null; }
ask() { $D exec client redis-cli -h "$@"; }
address() { $D inspect -f '{{.NetworkSettings.Networks.back.IPAddress}}' $1; }
$D network create --internal --subnet 10.251.0.0/24 back >/dev/null
$D run -d --name client --network back services sleep 1000 >/dev/null
`;

describe.each(clients)('by %s', (client) => {
  test('its name follows it when it is renamed, and its address when it is restarted', async () => {
    const told = await suite.script(
      client,
      `${PRELUDE}
       serve --name cache
       wait_for ask cache ping
       ask cache set word kept
       $D rename cache store
       ask store get word
       ask cache get word 2>&1 || true

       was=$(address store)
       $D stop -t 5 store >/dev/null
       ask store get word 2>&1 || true
       $D run -d --name squatter --network back --ip $was services sleep 1000 >/dev/null
       $D start store >/dev/null
       wait_for ask store ping
       [ $(address store) != $was ] && echo moved
       ask store get word`,
    );
    expect(told.split('\n')).toEqual([
      'OK',
      'kept',
      expect.stringMatching(/^Could not connect to Redis at cache:6379: .*name/i),
      expect.stringMatching(/^Could not connect to Redis at store:6379: .*name/i),
      'moved',
      'kept',
    ]);
  });

  test('three under one alias: all are told, in turn, and one that goes is told no more', async () => {
    const told = await suite.script(
      client,
      `${PRELUDE}
       for n in 1 2 3; do serve --name cache$n --network-alias pool; done
       for n in 1 2 3; do wait_for ask cache$n ping; ask cache$n set me $n >/dev/null; done
       known() { $D exec client getent ahostsv4 pool | cut -d' ' -f1 | sort -u; }
       known | wc -l
       for each in $(known); do ask $each get me; done | sort | xargs
       $D rm -f cache2 >/dev/null
       for each in $(known); do ask $each get me; done | sort | xargs`,
    );
    expect(told.split('\n')).toEqual(['3', '1 2 3', '1 3']);
    const first = async () => {
      const line = 'nslookup pool | sed -n "s/^Address.*: //p" | grep -v 127.0.0.11 | head -n 1';
      const asked = ['run', '--rm', '--network', 'back', 'busybox', 'sh', '-c', line];
      return (await suite.docker(...asked)).stdout.trim();
    };
    const firsts = new Set<string>();
    await expect.poll(async () => firsts.add(await first()).size, { timeout: 20_000 }).toBe(2);
  });
});
