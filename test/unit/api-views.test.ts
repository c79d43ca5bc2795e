import { describe, expect, test } from 'vitest';
import { Filters, fitsLabel } from '../../src/api/filters.ts';
import { Query } from '../../src/api/query.ts';
import { eventLine } from '../../src/api/system/events.ts';
import { humanDuration } from '../../src/api/views/durations.ts';
import { statusText } from '../../src/api/views/status.ts';
import type { ContainerState } from '../../src/container/state.ts';
import { addContainer, call, openTestApi } from '../support/api.ts';

const at = '2026-01-02T03:04:05.000000000Z';
const alive = { pid: 42, startTicks: 1, bootId: 'b', startedAt: at };
const ended = { startedAt: at, finishedAt: at, oomKilled: false, error: '' };

test.each([
  [0.4, 'Less than a second'],
  [1, '1 second'],
  [59.9, '59 seconds'],
  [60, 'About a minute'],
  [119, 'About a minute'],
  [120, '2 minutes'],
  [3599, '59 minutes'],
  [3600, 'About an hour'],
  [5400, '2 hours'],
  [47 * 3600, '47 hours'],
  [48 * 3600, '2 days'],
  [14 * 86400, '2 weeks'],
  [60 * 86400, '2 months'],
  [800 * 86400, '2 years'],
])('%d seconds are "%s"', (seconds, words) => {
  expect(humanDuration(seconds)).toBe(words);
});

test.each<[ContainerState, string]>([
  [{ status: 'created', exitCode: 0, error: '' }, 'Created'],
  [{ status: 'running', ...alive }, 'Up 3 seconds'],
  [{ status: 'paused', ...alive }, 'Up 3 seconds (Paused)'],
  [{ status: 'exited', exitCode: 137, ...ended }, 'Exited (137) 3 seconds ago'],
  [{ status: 'restarting', exitCode: 1, ...ended }, 'Restarting (1) 3 seconds ago'],
  [{ status: 'removing', exitCode: 0, ...ended }, 'Removal In Progress'],
  [{ status: 'dead', exitCode: 0, ...ended }, 'Dead'],
])('a container in state %j is "%s"', (state, words) => {
  expect(statusText(state, Date.parse(at) + 3000)).toBe(words);
});

test('list and inspect of a running container have what docker shows', async () => {
  const api = await openTestApi();
  const endpoint = {
    interfaceName: 'eth0',
    dnsNames: [],
    networkId: 'n1',
    endpointId: 'e1',
    ipAddress: '10.1.0.2',
    prefixLength: 16,
    gateway: '10.1.0.1',
    macAddress: '02:42:0a:01:00:02',
    hostInterface: 'veth1',
  };
  const container = addContainer(api.engine, {
    state: { status: 'running', ...alive },
    endpoints: { bridge: endpoint },
  });
  const [row] = JSON.parse((await call(api, 'GET', '/containers/json')).body);
  expect(row).toMatchObject({
    Id: container.id,
    Names: ['/calm_yeast'],
    Command: "sh -c 'echo hi'",
    State: 'running',
    NetworkSettings: { Networks: { bridge: { IPAddress: '10.1.0.2', IPPrefixLen: 16 } } },
  });
  const detail = JSON.parse((await call(api, 'GET', '/containers/calm_yeast/json')).body);
  expect(detail).toMatchObject({
    Name: '/calm_yeast',
    Path: 'sh',
    Args: ['-c', 'echo hi'],
    State: { Running: true, Pid: 42, StartedAt: at, FinishedAt: '0001-01-01T00:00:00Z' },
    HostConfig: { ...container.record.hostConfig, PortBindings: {} },
    Config: { Hostname: container.record.config.Hostname, Cmd: container.record.config.Cmd },
    GraphDriver: { Name: 'overlay2', Data: { UpperDir: container.paths.upper } },
    NetworkSettings: {
      IPAddress: '10.1.0.2',
      Gateway: '10.1.0.1',
      MacAddress: endpoint.macAddress,
    },
    Mounts: [],
  });
  const network = JSON.parse((await call(api, 'GET', '/networks/bridge')).body);
  expect(network.Containers[container.id]).toMatchObject({ IPv4Address: '10.1.0.2/16' });
  await api.close();
});

describe('filters', () => {
  const of = (value: object) =>
    new Filters(new Query(`filters=${encodeURIComponent(JSON.stringify(value))}`), [
      'status',
      'label',
    ]);
  test('in both forms', () => {
    expect(of({ status: ['a', 'b'] }).values('status')).toEqual(['a', 'b']);
    expect(of({ status: { a: true, b: false } }).values('status')).toEqual(['a']);
  });
  test('of labels', () => {
    expect(fitsLabel({ a: '1' }, 'a')).toBe(true);
    expect(fitsLabel({ a: '1' }, 'a=1')).toBe(true);
    expect(fitsLabel({ a: '1' }, 'a=2')).toBe(false);
    expect(fitsLabel({}, 'constructor')).toBe(false);
  });
});

test('an event has its time to the nanosecond', () => {
  const line = eventLine({
    type: 'container',
    action: 'start',
    id: 'c1',
    attributes: { image: 'busybox', name: 'x' },
    timeNs: 1795240400941440075n,
  });
  expect(line).toContain('"timeNano":1795240400941440075}');
  expect(JSON.parse(line)).toMatchObject({
    status: 'start',
    from: 'busybox',
    Action: 'start',
    time: 1795240400,
  });
});
