import { networkInterfaces } from 'node:os';
import { expect, it } from 'vitest';
import { formatIp, parseIp } from '../../../src/media/net/ip.ts';
import { Senders } from '../../../src/media/net/linux/senders.ts';
import { writeSockaddr } from '../../../src/media/net/linux/sockaddr.ts';
import { SocketPeer } from '../../../src/media/net/peer.ts';

it.each([
  ['192.0.2.255', '00000000000000000000ffffc00002ff', '192.0.2.255'],
  ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201', '192.0.2.1'],
  ['::FFFF:c000:201', '00000000000000000000ffffc0000201', '192.0.2.1'],
  ['::', '00000000000000000000000000000000', '::'],
  ['::1', '00000000000000000000000000000001', '::1'],
  ['2001:DB8:0:0:1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008', '1:2:3:4:5:6:7:8'],
  ['fe80::', 'fe800000000000000000000000000000', 'fe80::'],
  ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221', '64:ff9b::c000:221'],
])('reads %s', (text, hex, canonical) => {
  const ip = parseIp(text);
  expect(Buffer.from(ip?.bytes ?? []).toString('hex')).toBe(hex);
  expect(ip && formatIp(ip)).toBe(canonical);
});

it.each(['example.net', '', '1.2.3', '1.2.3.4.5', '::g', '1.2.3.4:5'])('takes no %s', (text) => {
  expect(parseIp(text)).toBeUndefined();
});

it('keeps the link of a link-local address apart', () => {
  const [one, two] = [SocketPeer.parse('fe80::7%3', 9), SocketPeer.parse('fe80::7%4', 9)];
  expect(one?.scope).toBe(3);
  expect(one?.is(two)).toBe(false);
  expect(one?.is(SocketPeer.parse('fe80::7%3', 9))).toBe(true);
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    const local = entries?.find((entry) => entry.family === 'IPv6' && entry.scopeid);
    if (local?.family !== 'IPv6') continue;
    const peer = SocketPeer.parse(`fe80::7%${name}`, 9);
    expect(peer).toMatchObject({ scope: local.scopeid, address: `fe80::7%${name}` });
  }
});

it.each([
  ['192.0.2.7', 4, '0200157cc0000207', 16],
  ['192.0.2.7', 6, '0a00157c0000000000000000000000000000ffffc000020700000000', 28],
  ['fe80::7%5', 6, '0a00157c00000000fe80000000000000000000000000000705000000', 28],
] as const)(
  'writes %s for a socket of IPv%i as the kernel reads it, and finds it again',
  (text, family, hex, size) => {
    const words = new Int32Array(8);
    const peer = SocketPeer.parse(text, 5_500) as SocketPeer;
    expect(writeSockaddr(words, 0, peer, family)).toBe(size);
    expect(Buffer.from(words.buffer).toString('hex')).toMatch(new RegExp(`^${hex}`));
    const senders = new Senders(family);
    const found = senders.of(words, 0);
    for (const each of [found, found.keep()]) {
      expect(each.is(peer)).toBe(true);
      expect(each).toMatchObject({ port: 5_500, address: peer.address, hash: peer.hash });
    }
    expect(senders.of(words, 0)).toBe(found.keep());
  },
);
