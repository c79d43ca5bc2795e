/** nginx, published on a loopback port: a thousand fetches, all of them whole, on kept connections and on new ones. */
import { createHash } from 'node:crypto';
import { Agent, get } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { clients } from '../../support/compatibility.ts';
import { RealSuite } from '../../support/real.ts';
import { servers } from '../../support/services.ts';

const suite = new RealSuite();

const FETCHES = 1000;
const AT_ONCE = 16;
const BYTES = 100_000;

describe.each(clients)('by %s', (client) => {
  test(`${FETCHES} fetches over ${AT_ONCE} connections, and each on its own: nothing is lost`, async () => {
    const lines = await suite.script(
      client,
      `$D run -d --name web -p 127.0.0.1::80 services sh -c 'cd /var/www/html
         head -c ${BYTES} /dev/urandom >file; ${servers.nginx}' >/dev/null
       at=$($D port web 80)
       wait_for curl -sf -o /dev/null http://$at/file
       echo $at
       $D exec web sha256sum /var/www/html/file`,
    );
    const [at = '', digest = ''] = lines.split('\n');
    expect(at).toMatch(/^127\.0\.0\.1:\d+$/);
    const url = `http://${at}/file`;
    const wanted = Array.from({ length: FETCHES }, () => digest.slice(0, 64));
    expect(await fetchAll(url, new Agent({ keepAlive: true, maxSockets: AT_ONCE }))).toEqual(
      wanted,
    );
    expect(await fetchAll(url, new Agent({ keepAlive: false, maxSockets: AT_ONCE }))).toEqual(
      wanted,
    );
    // nginx's own count: curl's, and ours; it writes the line when the answer has gone.
    const log = `grep -c "GET /file HTTP/1.1\\" 200 ${BYTES}" /var/log/nginx/access.log`;
    const count = async () => (await suite.docker('exec', 'web', 'sh', '-c', log)).stdout.trim();
    await expect.poll(count).toBe(String(2 * FETCHES + 1));
    await suite.docker('rm', '-f', 'web');
    await expect(digestOf(url, new Agent())).rejects.toThrow('ECONNREFUSED');
  });
});

/** The agent lets as many at once go as it has sockets. */
function fetchAll(url: string, agent: Agent): Promise<string[]> {
  const all = Array.from({ length: FETCHES }, () => digestOf(url, agent));
  return Promise.all(all).finally(() => agent.destroy());
}

function digestOf(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (answer) =>
      buffer(answer).then(
        (body) => resolve(createHash('sha256').update(body).digest('hex')),
        reject,
      ),
    );
    request.on('error', reject);
  });
}
