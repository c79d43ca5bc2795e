/** HTTP at its edges: each bad request gets its exact status, a message, and the server goes on. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  addContainer,
  call,
  message,
  openTestApi,
  readAnswer,
  sendRaw,
  type TestApi,
} from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
  addContainer(api.engine, { name: 'one', id: 'aa11'.padEnd(64, '0') });
  addContainer(api.engine, { name: 'two', id: 'aa22'.padEnd(64, '0') });
});
afterAll(() => api.close());
afterEach(async () => {
  expect((await call(api, 'GET', '/_ping')).status).toBe(200);
  expect(api.engine.containers.all()).toHaveLength(2);
});

const host = 'Host: x\r\n';
const json = 'Content-Type: application/json\r\n';

test('ping and version tell who it is', async () => {
  const ping = await call(api, 'GET', '/_ping');
  expect(ping).toMatchObject({ status: 200, body: 'OK' });
  expect(ping.headers).toMatchObject({
    'api-version': '1.47',
    'docker-experimental': 'false',
    ostype: 'linux',
    server: expect.stringMatching(/^Petri\//),
    'content-type': 'text/plain; charset=utf-8',
  });
  const version = await call(api, 'GET', '/v1.24/version');
  expect(JSON.parse(version.body)).toMatchObject({
    ApiVersion: '1.47',
    MinAPIVersion: '1.24',
    Os: 'linux',
  });
});

describe('versions and paths', () => {
  test.each([
    [
      '/v1.48/version',
      400,
      'client version 1.48 is too new. Maximum supported API version is 1.47',
    ],
    ['/v9.99/version', 400, 'client version 9.99 is too new'],
    [
      '/v1.23/version',
      400,
      'client version 1.23 is too old. Minimum supported API version is 1.24',
    ],
    ['/v0.1/version', 400, 'client version 0.1 is too old'],
    ['/v1/version', 400, 'client version 1 is too old'],
    ['/vX/version', 404, 'page not found'],
    ['/v1.47', 404, 'page not found'],
    ['/', 404, 'page not found'],
    ['//info', 404, 'page not found'],
    ['/nope', 404, 'page not found'],
    ['/containers/%ff/json', 404, 'page not found'],
    ['/containers/a%00b/json', 404, 'page not found'],
    ['/containers/../info', 404, 'page not found'],
    ['/swarm', 501, 'swarm'],
    ['/images/get', 400, 'names is needed'],
    ['/containers/one/attach/ws?stream=1', 400, 'websocket'],
  ])('GET %s is %i', async (path, status, text) => {
    const answer = await call(api, 'GET', path);
    expect(answer.status).toBe(status);
    expect(message(answer)).toContain(text);
  });
  test.each([
    ['PUT', '/version'],
    ['POST', '/_ping'],
    ['DELETE', '/containers/json/x'],
    ['PATCH', '/containers/one'],
    ['OPTIONS', '/info'],
    ['TRACE', '/info'],
  ])('%s %s is 404', async (method, path) => {
    expect((await call(api, method, path)).status).toBe(404);
  });
});

describe('what is not HTTP', () => {
  test.each([
    ['garbage', 'hello\r\n\r\n', 400],
    ['HTTP/0.9', 'GET /info\r\n\r\n', 400],
    ['a made-up verb', `FROB /info HTTP/1.1\r\n${host}\r\n`, 400],
    ['TLS', Buffer.from('1603010200010001fc0303', 'hex'), 400],
    ['HTTP/9.9', `GET /info HTTP/9.9\r\n${host}\r\n`, 400],
    ['no Host', 'GET /info HTTP/1.1\r\n\r\n', 400],
    ['a NUL in the head', `GET /info HTTP/1.1\r\n${host}A: \0\r\n\r\n`, 400],
    ['a head of 17 KiB', `GET /info HTTP/1.1\r\n${host}A: ${'a'.repeat(17 << 10)}\r\n\r\n`, 431],
    ['a head of 1 MiB', `GET /info HTTP/1.1\r\n${host}A: ${'a'.repeat(1 << 20)}\r\n\r\n`, 431],
    ['a path of 20 KiB', `GET /${'a'.repeat(20 << 10)} HTTP/1.1\r\n${host}\r\n`, 431],
    [
      'both lengths',
      `POST /containers/create HTTP/1.1\r\n${host}${json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'two lengths',
      `POST /containers/create HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
      400,
    ],
    [
      'a negative length',
      `POST /containers/create HTTP/1.1\r\n${host}Content-Length: -2\r\n\r\n{}`,
      400,
    ],
    [
      'a length in hex',
      `POST /containers/create HTTP/1.1\r\n${host}Content-Length: 0x2\r\n\r\n{}`,
      400,
    ],
    [
      'a broken chunk',
      `POST /containers/create HTTP/1.1\r\n${host}${json}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
      400,
    ],
    [
      'an unknown coding',
      `POST /containers/create HTTP/1.1\r\n${host}Transfer-Encoding: gzip\r\n\r\n{}`,
      400,
    ],
    ['CONNECT', `CONNECT a:1 HTTP/1.1\r\n${host}\r\n`, 405],
    [
      'an announced body of 9 MiB',
      `POST /containers/create HTTP/1.1\r\n${host}${json}Content-Length: 9437184\r\n\r\n{`,
      413,
    ],
  ])('%s', async (_name, bytes, status) => {
    const answer = await sendRaw(api.socketPath, bytes);
    expect(answer.status).toBe(status);
    expect(message(answer)).not.toBe('');
    expect(answer.body).not.toMatch(/\n {4}at |\.ts:/);
  });

  test('a chunked body of 9 MiB', async () => {
    const chunk = Buffer.concat([
      Buffer.from('100000\r\n'),
      Buffer.alloc(1 << 20, 0x20),
      Buffer.from('\r\n'),
    ]);
    const head = `POST /containers/create HTTP/1.1\r\n${host}${json}Transfer-Encoding: chunked\r\n\r\n`;
    const answer = await sendRaw(
      api.socketPath,
      Buffer.concat([Buffer.from(head), ...Array(9).fill(chunk)]),
    );
    expect(answer.status).toBe(413);
  });

  test('a head that never ends is given up', async () => {
    expect((await sendRaw(api.socketPath, `GET /info HTTP/1.1\r\n${host}`)).status).toBe(408);
  });

  test('a client that leaves in the middle of a body', async () => {
    const socket = createConnection(api.socketPath);
    socket.end(
      `POST /containers/create HTTP/1.1\r\n${host}${json}Content-Length: 100\r\n\r\n{"Image":`,
    );
    expect((await readAnswer(socket)).status).toBe(400);
  });

  test('two requests in one packet are answered in order', async () => {
    const socket = createConnection(api.socketPath);
    const get = (path: string) => `GET ${path} HTTP/1.1\r\n${host}\r\n`;
    socket.write(get('/_ping') + get('/containers/zz/json'));
    let text = '';
    for await (const chunk of socket) {
      text += chunk;
      if (text.includes('No such container: zz')) break;
    }
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404']);
  });
});

test.each([
  ['GET /info HTTP/1.1', ''],
  ['POST /containers/create HTTP/1.1', json],
  ['POST /containers/create HTTP/1.1', 'Content-Type: text/plain\r\n'],
  ['POST /containers/one/start HTTP/1.1', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'],
  ['POST /containers/one/attach?stream=1 HTTP/1.1', 'Connection: Upgrade\r\nUpgrade: tcp\r\n'],
])('%s of a web page is refused', async (line, more) => {
  const body = '{"Image":"a"}';
  const head = `${host}Origin: null\r\n${more}Content-Length: ${body.length}\r\n`;
  const answer = await sendRaw(api.socketPath, `${line}\r\n${head}\r\n${body}`);
  expect([answer.status, message(answer)]).toEqual([403, expect.stringContaining('Origin')]);
  expect(api.engine.containers.all()).toHaveLength(2);
});

describe('bodies of create', () => {
  test.each<[string, string | Buffer | undefined, number, string]>([
    ['none', undefined, 400, 'config cannot be empty'],
    ['null', 'null', 400, 'config cannot be empty'],
    ['an array', '[]', 400, 'expected object'],
    ['bad JSON', '{bad', 400, 'invalid JSON at character 2'],
    ['a repeated key', '{"Image":"a","Image":"b"}', 400, 'repeats'],
    ['__proto__', '{"Image":"a","__proto__":{"x":1}}', 400, 'refused'],
    ['a BOM', Buffer.from('\ufeff{}'), 400, 'invalid JSON'],
    ['a wrong type', '{"Image":5}', 400, 'invalid value for Image'],
    [
      'a wrong type inside',
      '{"Image":"a","HostConfig":{"Ulimits":[{"Soft":"x"}]}}',
      400,
      'HostConfig.Ulimits.0.Soft',
    ],
    ['an unknown image', '{"Image":"nosuch"}', 404, 'No such image: nosuch:latest'],
    ['a bad reference', '{"Image":"UPPER"}', 400, 'must be lowercase'],
    [
      'another runtime',
      '{"Image":"a","HostConfig":{"Runtime":"other"}}',
      501,
      '--runtime is not built yet',
    ],
  ])('%s', async (_name, body, status, text) => {
    const answer = await call(api, 'POST', '/containers/create', body);
    expect(answer.status).toBe(status);
    expect(message(answer)).toContain(text);
  });

  test.each([
    ['text/plain', "unsupported Content-Type header (text/plain): must be 'application/json'"],
    ['application/jsonx', 'unsupported Content-Type'],
    ['', 'malformed Content-Type header'],
  ])('of type %j', async (type, text) => {
    const bytes = `POST /containers/create HTTP/1.1\r\n${host}Content-Type: ${type}\r\nContent-Length: 2\r\n\r\n{}`;
    const answer = await sendRaw(api.socketPath, bytes);
    expect([answer.status, message(answer)]).toEqual([400, expect.stringContaining(text)]);
  });

  test.each([['/x%20y'], ['x'], ['-x'], ['a%2Fb'], ['%D0%B0pp'], ['a%0Ab'], ['a'.repeat(300)]])(
    'with the name %s',
    async (name) => {
      const answer = await call(api, 'POST', `/containers/create?name=${name}`, { Image: 'a' });
      expect(answer.status).toBe(400);
      expect(message(answer)).toMatch(/^Invalid container name/);
    },
  );
});

describe('names and ids', () => {
  test.each([
    ['GET', '/containers/zz/json', 404, 'No such container: zz'],
    ['GET', '/containers/aa/json', 400, 'aa1100000000, aa2200000000'],
    ['GET', `/containers/${'a'.repeat(300)}/json`, 404, 'No such container'],
    ['GET', '/containers/%D0%BEne/json', 404, 'No such container'],
    ['GET', '/containers/one/json', 200, ''],
    ['GET', '/containers/aa1/json', 200, ''],
    ['POST', '/containers/zz/start', 404, 'No such container: zz'],
    ['POST', '/containers/zz/attach?stream=1', 404, 'No such container: zz'],
    ['POST', '/containers/zz/wait', 404, 'No such container: zz'],
    ['POST', '/containers/one/rename', 400, 'may be empty'],
    ['POST', '/containers/one/rename?name=two', 409, 'already in use by container'],
    ['POST', '/containers/one/rename?name=-', 400, 'Invalid container name'],
    ['GET', '/networks/zz', 404, 'network zz not found'],
    ['GET', '/networks/none', 200, ''],
    ['GET', '/images/nosuch/json', 404, 'No such image: nosuch:latest'],
    ['GET', '/images/a/b/c:d/json', 404, 'No such image: a/b/c:d'],
    ['DELETE', '/images/nosuch', 404, 'No such image'],
    ['POST', '/images/nosuch/tag?repo=a', 404, 'No such image'],
    ['POST', '/images/nosuch/tag', 400, 'repo'],
    ['POST', '/images/create?fromImage=x&platform=a/b/c/d', 400, 'invalid platform'],
    ['POST', '/images/create?fromImage=UP', 400, 'lowercase'],
    ['POST', '/images/create', 400, 'fromImage or fromSrc'],
    ['POST', '/images/create?fromSrc=http://127.0.0.1:1/x', 400, 'cannot download'],
  ])('%s %s is %i', async (method, path, status, text) => {
    const answer = await call(api, method, path);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(text);
  });
});

describe('queries', () => {
  const filters = (text: string) => `/containers/json?filters=${encodeURIComponent(text)}`;
  test.each([
    [filters('x')],
    [filters('[]')],
    [filters('null')],
    [filters('{"zzz":["a"]}')],
    [filters('{"status":"exited"}')],
    [filters('{"status":[1]}')],
    [filters('{"status":{"exited":1}}')],
    [filters('{"status":["foo"]}')],
    [filters('{"exited":["x"]}')],
    [filters('{"name":["("]}')],
    [filters('{"name":["(a+)+$"]}')],
    ['/containers/json?all=maybe'],
    ['/containers/json?limit=abc'],
    ['/containers/json?limit=1.5'],
    ['/containers/json?limit=99999999999999999999'],
    ['/containers/one/logs'],
    ['/containers/one/logs?stdout=1&since=abc'],
    ['/containers/one/logs?stdout=1&since=-5'],
    ['/events?since=abc'],
    ['/events?until=never'],
    ['/events?filters=%7B'],
    ['/events?filters=%7B%22x%22%3A%5B%5D%7D'],
    ['/images/json?filters=%7B%22dangling%22%3A%5B%22x%22%5D%7D'],
  ])('GET %s is 400', async (path) => {
    const answer = await call(api, 'GET', path);
    expect([answer.status, message(answer)]).toEqual([400, expect.stringMatching(/\S/)]);
  });
  test.each([
    ['/containers/one/resize?h=x&w=5'],
    ['/containers/one/resize?h=5'],
    ['/containers/one/resize?h=65536&w=5'],
    ['/containers/one/stop?t=soon'],
    ['/containers/one/stop?t=-2'],
    ['/containers/one/wait?condition=foo'],
    ['/containers/one/attach?stream=maybe'],
    ['/containers/one/attach'],
  ])('POST %s is 400', async (path) => {
    expect((await call(api, 'POST', path)).status).toBe(400);
  });
  test.each([
    [filters('{"status":{"created":true}}'), 2],
    [filters('{"status":["created"]}'), 2],
    [filters('{"status":["exited"]}'), 0],
    ['/containers/json', 0],
    ['/containers/json?all=1', 2],
    ['/containers/json?all=True', 2],
    ['/containers/json?limit=1', 1],
    [`${filters('{"name":["^/?one$"]}')}&all=1`, 1],
    [`${filters('{"id":["aa2"]}')}&all=1`, 1],
    [`${filters('{"network":["none"]}')}&all=1`, 0],
    [`${filters('{"ancestor":["nosuch"]}')}&all=1`, 0],
  ])('GET %s lists %i', async (path, count) => {
    const answer = await call(api, 'GET', path);
    expect(JSON.parse(answer.body)).toHaveLength(count);
  });
});

describe('an upgrade that is offered', () => {
  const offer = 'Connection: Upgrade\r\nUpgrade: h2c\r\n';
  test('where nothing is taken over is an ordinary request', async () => {
    const answer = await sendRaw(api.socketPath, `GET /version HTTP/1.1\r\n${host}${offer}\r\n`);
    expect(JSON.parse(answer.body)).toMatchObject({ ApiVersion: '1.47' });
  });
  test('with a body in the same packet and after it', async () => {
    const body = '{"Image":"nosuch"}';
    const head = `POST /containers/create HTTP/1.1\r\n${host}${json}${offer}Content-Length: ${body.length}\r\n\r\n`;
    expect((await sendRaw(api.socketPath, head + body)).status).toBe(404);
    const socket = createConnection(api.socketPath);
    await once(socket, 'connect');
    socket.write(head + body.slice(0, 5), () => socket.write(body.slice(5)));
    expect((await readAnswer(socket)).status).toBe(404);
    socket.destroy();
  });
  test('on each of many requests of one connection', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    const socket = createConnection(api.socketPath);
    for (let i = 0; i < 30; i++) {
      socket.write(`GET /_ping HTTP/1.1\r\n${host}${offer}\r\n`);
      expect((await readAnswer(socket)).body).toBe('OK');
    }
    socket.destroy();
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });
  test('to attach, when there is no such container, is an error as ever', async () => {
    const bytes = `POST /containers/zz/attach?stream=1 HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
    expect((await sendRaw(api.socketPath, bytes)).status).toBe(404);
  });
});
