/** What users get wrong about ports: 400 and what is wrong, as docker says it of most, and no container of it. */
import { describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';

const suite = new DockerSuite();

/** `[what, body of create, what the message tells]` */
type Row = readonly [string, object, RegExp];

const container = (HostConfig: object, more: object = {}): object => ({
  Image: 'busybox',
  HostConfig,
  ...more,
});
const published = (port: string, binding: object): object =>
  container({ PortBindings: { [port]: [binding] } });

const ports: readonly Row[] = [
  [
    '65536 outside',
    published('80/tcp', { HostPort: '65536' }),
    /invalid port specification: "65536"/,
  ],
  ['a word outside', published('80/tcp', { HostPort: 'x' }), /invalid port specification: "x"/],
  ['below all', published('80/tcp', { HostPort: '-1' }), /invalid port specification: "-1"/],
  ['reversed', published('80/tcp', { HostPort: '90-80' }), /invalid port specification: "90-80"/],
  ['a number', published('80/tcp', { HostPort: 80 }), /HostPort/],
  [
    'a word as address',
    published('80/tcp', { HostIp: 'x', HostPort: '' }),
    /invalid IP address: "x"/,
  ],
  ['five parts', published('80/tcp', { HostIp: '1.2.3.4.5', HostPort: '' }), /1\.2\.3\.4\.5/],
  ['0 inside', published('0/tcp', { HostPort: '' }), /invalid port specification: "0"/],
  ['65536 inside', published('65536/tcp', { HostPort: '' }), /65536/],
  ['a word inside', published('x/tcp', { HostPort: '' }), /x/],
  [
    'another protocol',
    published('80/foo', { HostPort: '' }),
    /invalid proto in port specification "80\/foo"/,
  ],
  ['a range inside', published('80-90/tcp', { HostPort: '80-90' }), /80-90/],
  ['nothing inside', published('', { HostPort: '' }), /invalid/],
  ['exposed: a word', container({}, { ExposedPorts: { x: {} } }), /invalid port/],
  ['exposed: 65536', container({}, { ExposedPorts: { '65536/tcp': {} } }), /65536/],
  ['exposed: reversed', container({}, { ExposedPorts: { '90-80/tcp': {} } }), /90-80/],
];

describe('create with ports', () => {
  it.each(ports)('%s', async (_case, body, message) => {
    const answer = await suite.engine.api('POST', '/containers/create', body);
    expect({
      status: answer.status,
      message: (JSON.parse(answer.text) as { message?: string }).message,
    }).toEqual({ status: 400, message: expect.stringMatching(message) });
    expect((await suite.docker('ps', '-aq')).stdout).toBe('');
  });
});
