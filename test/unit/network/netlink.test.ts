/** The bytes of rtnetlink messages: against what iproute2 sends for the same, captured by strace. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeAddress } from '../../../src/kernel/netlink/address.ts';
import { ipBytes, ipText, parseCidr } from '../../../src/kernel/netlink/ip.ts';
import { encodeChangeLink, encodeCreateLink } from '../../../src/kernel/netlink/link.ts';
import {
  MessageBuilder,
  readAttributes,
  readMessages,
} from '../../../src/kernel/netlink/message.ts';
import { encodeRoute } from '../../../src/kernel/netlink/route.ts';

/** Captured bytes; the sequence number (bytes 8 to 11) is the sender's own. */
function captured(hex: string): string {
  const bytes = Buffer.from(hex.replace(/\s/g, ''), 'hex');
  return bytes.fill(0, 8, 12).toString('hex');
}

describe('a message is byte for byte what iproute2 sends for', () => {
  test('ip link add br0 type bridge', () => {
    const { message } = encodeCreateLink({ kind: 'bridge', name: 'br0' });
    expect(message.toString('hex')).toBe(
      captured(`38000000 10000506 f438016b 00000000 00000000 00000000 00000000 00000000
        08000300 62723000 10001200 0a000100 62726964 67650000`),
    );
  });

  test('ip link add … type veth peer …, with addresses, MTU and one queue', () => {
    const { message } = encodeCreateLink({
      kind: 'veth',
      name: 'vethh',
      address: '02:00:00:00:00:01',
      mtu: 1400,
      peer: { name: 'eth0', address: '02:42:0a:58:00:02', mtu: 1400 },
    });
    expect(message.toString('hex')).toBe(
      captured(`a4000000 10000506 1339016b 00000000 00000000 00000000 00000000 00000000
        0a000100 02000000 00010000 08000400 78050000 08001f00 01000000 08002000 01000000
        0a000300 76657468 68000000 54001200 08000100 76657468 48000200 44000100 00000000
        00000000 00000000 00000000 0a000100 02420a58 00020000 08000400 78050000 08001f00
        01000000 08002000 01000000 09000300 65746830 00000000`),
    );
  });

  test('ip addr add 10.88.0.2/16 broadcast 10.88.255.255 dev lo', () => {
    const settings = { dev: 'lo', address: '10.88.0.2/16', broadcast: '10.88.255.255' };
    expect(encodeAddress('RTM_NEWADDR', settings, 1).message.toString('hex')).toBe(
      captured(`30000000 14000506 f438016b 00000000 02100000 01000000
        08000200 0a580002 08000400 0a58ffff 08000100 0a580002`),
    );
  });

  test('ip route add default via 10.88.0.1', () => {
    const { message } = encodeRoute({ to: 'default', via: '10.88.0.1' });
    expect(message.toString('hex')).toBe(
      captured('24000000 18000506 f438016b 00000000 02000000 fe030001 00000000 08000500 0a580001'),
    );
  });
});

test('a link is changed by its name, up flag and mask together', () => {
  const { message } = encodeChangeLink({ name: 'lo', up: true });
  expect(message.toString('hex', 4, 8)).toBe('10000500');
  expect(message.toString('hex', 16)).toBe('0000000000000000010000000100000007000300' + '6c6f0000');
});

test('what belongs to a port of a bridge is told as the bridge’s', () => {
  const { message } = encodeChangeLink({ name: 'a', hairpin: true });
  const [one] = [...readMessages(message)];
  const info = readAttributes(readAttributes(one?.body.subarray(16) as Buffer).get(18) as Buffer);
  expect(String(info.get(4))).toBe('bridge');
  expect([...readAttributes(info.get(5) as Buffer)]).toEqual([[4, Buffer.from([1])]]);
});

test('the peer’s namespace is part of the peer', () => {
  const peer = { name: 'eth0', netns: 42 };
  const { message } = encodeCreateLink({ kind: 'veth', name: 'a', peer });
  const [one] = [...readMessages(message)];
  const info = readAttributes(readAttributes(one?.body.subarray(16) as Buffer).get(18) as Buffer);
  const inside = readAttributes(info.get(2) as Buffer).get(1) as Buffer;
  expect(readAttributes(inside.subarray(16)).get(28)?.readUInt32LE(0)).toBe(42);
});

describe('hostile input', () => {
  test.each(['', 'a/b', 'a b', 'x'.repeat(16), '..', 'a\0b', 'a:b'])(
    'interface name %j is refused',
    (name) => {
      expect(() => encodeChangeLink({ name, up: true })).toThrow('invalid interface name');
    },
  );
  test.each(['10.0.0.1', '10.0.0.1/33', '10.0.0/8', '10.0.0.256/8', 'x/8', '10.0.0.1/8/8', ''])(
    'address %j is refused',
    (address) => {
      expect(() => encodeAddress('RTM_NEWADDR', { dev: 'lo', address }, 1)).toThrow('invalid');
    },
  );
  test('any bytes are read without failing or looping', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const { body } of readMessages(Buffer.from(bytes))) readAttributes(body);
        readAttributes(Buffer.from(bytes));
      }),
    );
  });
});

test('what is built is read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(0x3fff), (value, type) => {
      const message = new MessageBuilder().attribute(type, value).finish(16, 0);
      const [read] = [...readMessages(message)];
      expect([...(readAttributes(read?.body as Buffer).get(type) as Buffer)]).toEqual([...value]);
    }),
  );
  expect(parseCidr('10.88.0.2/16')).toEqual({ address: '10.88.0.2', prefixLength: 16 });
});

describe('addresses', () => {
  test('of both families are bytes and text, as inet_ntop writes it', () => {
    const texts = ['10.0.0.1', '::', '::1', 'fd00::2', '2001:db8::1:0:0:1', 'fe80::1:2:3:4'];
    for (const text of texts) expect(ipText(ipBytes(text))).toBe(text);
    expect(ipText(ipBytes('FD00:0:0::0002'))).toBe('fd00::2');
    expect(ipBytes('::ffff:10.1.2.3').toString('hex')).toBe('00000000000000000000ffff0a010203');
  });

  test('that are none are refused', () => {
    for (const text of ['', ':', '1:2', 'fe80::1%eth0', '10.0.0', '::10.0.0', '1::2::3', 'g::'])
      expect(() => ipBytes(text), text).toThrow('address');
  });
});
