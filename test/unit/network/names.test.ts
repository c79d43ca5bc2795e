/** The name service's tables and replies: what is asked over the wire, and what goes back. */
import { type Answer, type DecodedPacket, decode, encode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCall } from '../../../src/explain/call.ts';
import type { NftObject } from '../../../src/kernel/nftables.ts';
import { answer, type SeenNetwork } from '../../../src/network/names/answer.ts';
import { Budget } from '../../../src/network/names/forward.ts';
import { framed, messagesOf } from '../../../src/network/names/frames.ts';
import {
  questionBytes,
  RCODE,
  readQuery,
  type Transport,
} from '../../../src/network/names/message.ts';
import { addressOfReverseName } from '../../../src/network/names/reverse.ts';
import { nameServiceSteps, redirectedPort } from '../../../src/network/names/steps.ts';
import { type NamedEndpoint, Names } from '../../../src/network/names/table.ts';

const front: SeenNetwork = { id: 'f', name: 'front', internal: false };
const back: SeenNetwork = { id: 'b', name: 'back.office', internal: false };
const inner: SeenNetwork = { id: 'b', name: 'inner', internal: true };

const web: NamedEndpoint = {
  endpointId: 'e1',
  names: ['Web', 'www', '0123456789ab'],
  ipv4: '10.1.0.2',
  ipv6: 'fd00::2',
};
const pool = [1, 2, 3].map((n) => ({
  endpointId: `p${n}`,
  names: [`pool-${n}`, 'pool'],
  ipv4: `10.1.0.1${n}`,
}));

function tables(): Names {
  const names = new Names();
  for (const endpoint of [web, ...pool]) names.add('f', endpoint);
  names.add('b', { endpointId: 'e9', names: ['db'], ipv4: '10.2.0.9' });
  return names;
}

type Asked = { type?: string; transport?: Transport; packet?: Packet; networks?: SeenNetwork[] };

function question(name: string, type = 'A', packet: Packet = {}): Buffer {
  const questions = [{ name, type, class: 'IN' }] as Packet['questions'];
  return encode({ type: 'query', id: 0x1234, flags: 0x0100, questions, ...packet });
}

/** What comes back to who is on `front` and `back.office`. */
function asked(
  names: Names,
  name: string,
  { type = 'A', transport = 'udp', packet = {}, networks = [front, back] }: Asked = {},
): DecodedPacket | 'forward' {
  const query = readQuery(question(name, type, packet), transport);
  if (query === 'ignore') throw new Error('ignored');
  if (Buffer.isBuffer(query)) return decode(query);
  const replied = answer(names, networks, query);
  return replied === 'forward' ? replied : decode(replied);
}

function data(answered: DecodedPacket | 'forward'): unknown[] {
  if (answered === 'forward') throw new Error('forwarded');
  return (answered.answers ?? []).map((record: Answer) => (record as { data: unknown }).data);
}

describe('a name of the container’s networks', () => {
  const names = tables();

  test.each([
    ['web', 'A', ['10.1.0.2']],
    ['WEB', 'A', ['10.1.0.2']],
    ['www.', 'A', ['10.1.0.2']],
    ['0123456789ab', 'A', ['10.1.0.2']],
    ['web', 'AAAA', ['fd00::2']],
    ['web.front', 'A', ['10.1.0.2']],
    ['Web.Front', 'AAAA', ['fd00::2']],
    ['db', 'A', ['10.2.0.9']],
    ['db.back.office', 'A', ['10.2.0.9']],
    ['2.0.1.10.in-addr.arpa', 'PTR', ['Web.front']],
    [`2.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`, 'PTR', ['Web.front']],
    ['9.0.2.10.in-addr.arpa', 'PTR', ['db.back.office']],
  ])('%s, %s is %j', (name, type, expected) => {
    const answered = asked(names, name, { type });
    expect(data(answered)).toEqual(expected);
    expect(answered).toMatchObject({ id: 0x1234, rcode: 'NOERROR', flag_rd: true, flag_ra: true });
    expect((answered as DecodedPacket).answers).toMatchObject([{ ttl: 600, class: 'IN', type }]);
  });

  test.each([
    ['db', 'AAAA'],
    ['pool', 'AAAA'],
    ['web', 'MX'],
    ['web', 'TXT'],
    ['web', 'UNKNOWN_65'],
    ['web', 'PTR'],
  ])('%s has no %s: empty and no error, so that the other family is believed', (name, type) => {
    const asking = type.startsWith('UNKNOWN') ? 'A' : type;
    const bytes = question(name, asking);
    if (asking !== type) bytes.writeUInt16BE(65, bytes.length - 4);
    const query = readQuery(bytes, 'udp');
    if (!('name' in (query as object))) throw new Error('no query');
    const replied = answer(names, [front, back], query as never) as Buffer;
    expect(decode(replied)).toMatchObject({ rcode: 'NOERROR', answers: [] });
  });

  test.each([
    ['example.org', 'A'],
    ['nobody', 'A'],
    ['db.front', 'A'],
    ['web.back.office', 'A'],
    ['xweb.front.', 'A'],
    ['.', 'NS'],
    ['9.9.9.9.in-addr.arpa', 'PTR'],
    ['1.10.in-addr.arpa', 'PTR'],
    ['constructor', 'A'],
  ])('%s, %s is for others to know', (name, type) => {
    expect(asked(names, name, { type })).toBe('forward');
  });

  test('is unknown to who is not on its network', () => {
    expect(asked(names, 'db', { networks: [front] })).toBe('forward');
    expect(asked(names, '9.0.2.10.in-addr.arpa', { type: 'PTR', networks: [front] })).toBe(
      'forward',
    );
  });

  test('on the first network that knows it', () => {
    const both = tables();
    both.add('b', { endpointId: 'e8', names: ['web'], ipv4: '10.2.0.8' });
    expect(data(asked(both, 'web'))).toEqual(['10.1.0.2']);
    expect(data(asked(both, 'web', { networks: [back, front] }))).toEqual(['10.2.0.8']);
    expect(data(asked(both, 'web.back.office'))).toEqual(['10.2.0.8']);
  });

  test('of several containers is all of them, another one first each time', () => {
    const names = tables();
    const rotated = [1, 2, 3, 4].map(() => data(asked(names, 'pool')));
    expect(rotated.slice(0, 3).map(([first]) => first)).toEqual([
      '10.1.0.11',
      '10.1.0.12',
      '10.1.0.13',
    ]);
    expect(rotated[3]).toEqual(rotated[0]);
    for (const turn of rotated) expect(turn.toSorted()).toEqual(rotated[0]?.toSorted());
  });

  test('takes turns by family, for both are asked at once', () => {
    const names = new Names();
    for (const n of [1, 2])
      names.add('f', { endpointId: `${n}`, names: ['x'], ipv4: `10.1.0.${n}`, ipv6: `fd00::${n}` });
    const firsts = [1, 2].map(() => [
      data(asked(names, 'x'))[0],
      data(asked(names, 'x', { type: 'AAAA' }))[0],
    ]);
    expect(firsts).toEqual([
      ['10.1.0.1', 'fd00::1'],
      ['10.1.0.2', 'fd00::2'],
    ]);
  });

  test('goes with its endpoint, and a renamed one has its new name alone', () => {
    const names = tables();
    names.add('f', { ...web, names: ['api'] });
    expect(asked(names, 'web')).toBe('forward');
    expect(data(asked(names, 'api'))).toEqual(['10.1.0.2']);
    names.remove('f', 'e1');
    names.remove('f', 'e1');
    names.remove('nowhere', 'e1');
    expect(asked(names, 'api')).toBe('forward');
    expect(asked(names, '2.0.1.10.in-addr.arpa', { type: 'PTR' })).toBe('forward');
    names.remove('f', 'p2');
    expect(data(asked(names, 'pool'))).toEqual(['10.1.0.11', '10.1.0.13']);
  });

  test('that no packet can hold is not said', () => {
    const names = new Names();
    names.add('f', { endpointId: 'x', names: ['n'.repeat(64)], ipv4: '10.1.0.7' });
    expect(data(asked(names, '7.0.1.10.in-addr.arpa', { type: 'PTR' }))).toEqual([]);
  });
});

describe('internal networks', () => {
  test('know their own names; nobody else is asked for others', () => {
    const networks = [inner];
    expect(data(asked(tables(), 'db', { networks }))).toEqual(['10.2.0.9']);
    expect(asked(tables(), 'example.org', { networks })).toMatchObject({ rcode: 'SERVFAIL' });
    expect(asked(tables(), '8.8.8.8.in-addr.arpa', { type: 'PTR', networks })).toMatchObject({
      rcode: 'SERVFAIL',
    });
    expect(asked(tables(), 'example.org', { networks: [inner, front] })).toBe('forward');
  });
});

describe('a reply', () => {
  const many = new Names();
  for (let n = 0; n < 200; n++)
    many.add('f', { endpointId: `${n}`, names: ['many'], ipv4: `10.1.1.${n}` });
  const opt = (udpPayloadSize: number, more = {}): Packet => ({
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize,
        ednsVersion: 0,
        extendedRcode: 0,
        flags: 0,
        flag_do: false,
        options: [],
        ...more,
      },
    ],
  });
  const sizeOf = (transport: Transport, packet: Packet) => {
    const query = readQuery(question('many', 'A', packet), transport);
    const replied = answer(many, [front], query as never) as Buffer;
    const { flag_tc, answers = [] } = decode(replied);
    return { bytes: replied.length, flag_tc, answers: answers.length };
  };

  test('fits 512 bytes over UDP, or what EDNS says, and tells what is missing', () => {
    expect(sizeOf('udp', {})).toEqual({ bytes: 502, flag_tc: true, answers: 24 });
    expect(sizeOf('udp', opt(1232))).toMatchObject({ flag_tc: true, answers: 59 });
    expect(sizeOf('udp', opt(1232)).bytes).toBeLessThanOrEqual(1232);
    expect(sizeOf('udp', opt(10)).bytes).toBeLessThanOrEqual(512);
    expect(sizeOf('udp', opt(65_535))).toMatchObject({ flag_tc: false, answers: 200 });
    expect(sizeOf('tcp', {})).toMatchObject({ flag_tc: false, answers: 200 });
  });

  test('speaks EDNS to who does, and to nobody else', () => {
    expect(asked(tables(), 'web')).toMatchObject({ additionals: [] });
    expect(asked(tables(), 'web', { packet: opt(1232) })).toMatchObject({
      rcode: 'NOERROR',
      additionals: [{ type: 'OPT', udpPayloadSize: 4096, ednsVersion: 0 }],
    });
    expect(asked(tables(), 'web', { packet: opt(1232, { ednsVersion: 1 }) })).toMatchObject({
      answers: [],
      additionals: [{ extendedRcode: 1 }],
    });
  });

  test('repeats the question byte for byte', () => {
    const bytes = question('wEb.FroNt');
    const replied = answer(tables(), [front], readQuery(bytes, 'udp') as never) as Buffer;
    expect(questionBytes(replied)).toEqual(bytes.subarray(12));
  });
});

describe('what is no question', () => {
  const bytes = question('web');
  const changed = (offset: number, value: number) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt16BE(value, offset);
    return copy;
  };
  const RCODES = Object.keys(RCODE);
  const rcodeOf = (message: Buffer) => {
    const replied = readQuery(message, 'udp');
    return Buffer.isBuffer(replied) ? RCODES[replied.readUInt16BE(2) & 0xf] : replied;
  };

  test.each<[string, Buffer, string]>([
    ['a reply, or it would go round for ever', changed(2, 0x8180), 'ignore'],
    ['less than a header', bytes.subarray(0, 11), 'ignore'],
    ['another opcode', changed(2, 0x2800), 'NOTIMP'],
    ['no question', changed(4, 0), 'FORMERR'],
    ['two questions', changed(4, 2), 'FORMERR'],
    ['a question cut off', bytes.subarray(0, bytes.length - 1), 'FORMERR'],
    ['records that are not there', changed(10, 9), 'FORMERR'],
    ['a name that points at itself', changed(12, 0xc00c), 'FORMERR'],
    ['another class', changed(bytes.length - 2, 3), 'REFUSED'],
    ['more bytes than any question', Buffer.concat([bytes, Buffer.alloc(5000)]), 'FORMERR'],
  ])('%s', (_, message, expected) => {
    expect(rcodeOf(message)).toBe(expected);
  });

  test('never throws, and what goes back is a reply of the same id, no longer than it may be', () => {
    const names = tables();
    const mutated = fc
      .tuple(fc.constantFrom('web', 'pool', 'x.org'), fc.array(fc.tuple(fc.nat(40), fc.nat(255))))
      .map(([name, changes]) => {
        const copy = question(name);
        for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
        return copy;
      });
    const message = fc.oneof(fc.uint8Array({ maxLength: 600 }).map(Buffer.from), mutated);
    fc.assert(
      fc.property(message, fc.constantFrom<Transport>('udp', 'tcp'), (bytes, transport) => {
        const query = readQuery(bytes, transport);
        if (query === 'ignore') return;
        const replied = Buffer.isBuffer(query) ? query : answer(names, [front, back], query);
        if (replied === 'forward') return;
        expect(replied.readUInt16BE(0)).toBe(bytes.readUInt16BE(0));
        expect(replied.readUInt16BE(2) & 0x8000).toBe(0x8000);
        expect(replied.length).toBeLessThanOrEqual(transport === 'udp' ? 4096 : 65_535);
        expect(() => decode(replied)).not.toThrow();
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    '1.2.3.in-addr.arpa',
    '256.1.1.1.in-addr.arpa',
    'x.2.3.4.in-addr.arpa',
    'in-addr.arpa',
    'arpa',
    '1.ip6.arpa',
    `g.${'0.'.repeat(31)}ip6.arpa`,
    '4.3.2.1.in-addr.org',
  ])('no address: %s', (name) => {
    expect(addressOfReverseName(name)).toBeUndefined();
  });
});

describe('the steps', () => {
  const steps = nameServiceSteps(61_234);

  test('bind both sockets to one port of 127.0.0.11, close-on-exec, and take them back', () => {
    expect(steps.map(({ call }) => call)).toEqual([
      'socket',
      'bind',
      'socket',
      'bind',
      'listen',
      'nft',
    ]);
    for (const { call, args, undo } of steps) {
      if (call === 'bind') expect(args).toMatchObject({ address: '127.0.0.11', port: 61_234 });
      if (call !== 'socket') continue;
      expect(args.type).toContain('SOCK_CLOEXEC');
      expect(undo).toEqual({ call: 'close', args: { fd: args.out } });
    }
  });

  test('are shown without the JSON of the rules, which the shell command says', () => {
    const nft = steps.at(-1);
    if (!nft) throw new Error('no steps');
    expect(formatCall(nft)).toBe('nft {commands=/* 7 commands */}');
    expect(nft.sh).toContain(
      'add rule ip petri_names names ip daddr 127.0.0.11 udp dport 53 udp dport set 61234\n',
    );
  });

  test('are known by the port that their rules lead to, while all of them are there', () => {
    const commands = nameServiceSteps(61_234).at(-1)?.args.commands as readonly NftObject[];
    const listed = commands.flatMap(({ add }) => (add ? [add as NftObject] : []));
    expect(redirectedPort(listed)).toBe(61_234);
    expect(redirectedPort(listed.slice(0, -1))).toBeUndefined();
    expect(redirectedPort([...listed, listed.at(-1) as NftObject])).toBeUndefined();
    expect(redirectedPort([{ rule: { expr: [{ accept: null }] } }])).toBeUndefined();
    expect(redirectedPort([])).toBeUndefined();
  });
});

describe('messages over TCP', () => {
  test('come out as they went in, however the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (messages, cuts) => {
          const stream = Buffer.concat(messages.map((message) => framed(Buffer.from(message))));
          async function* chunks() {
            for (let at = 0, i = 0; at < stream.length; i++) {
              const size = cuts[i % cuts.length] as number;
              yield stream.subarray(at, at + size);
              at += size;
            }
          }
          const out: number[][] = [];
          for await (const message of messagesOf(chunks())) out.push([...message]);
          expect(out).toEqual(messages.map((message) => [...message]));
        },
      ),
    );
  });
});

test('a budget counts in the whole too', () => {
  const whole = new Budget(3);
  const [one, two] = [new Budget(2, whole), new Budget(2, whole)];
  expect([one.take(), one.take(), one.take(), two.take(), two.take()]).toEqual([
    true,
    true,
    false,
    true,
    false,
  ]);
  one.give();
  expect([two.take(), two.take()]).toEqual([true, false]);
});
