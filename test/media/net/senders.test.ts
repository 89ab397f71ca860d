import { expect, it } from 'vitest';
import { Senders } from '../../../src/media/net/linux/senders.ts';
import { writeSockaddr } from '../../../src/media/net/linux/sockaddr.ts';
import { SocketPeer } from '../../../src/media/net/peer.ts';
import type { Sender } from '../../../src/shared/datagram.ts';
import { StrangerGate } from '../../../src/shared/stranger-gate.ts';

const peer = (address: string, port = 7): SocketPeer => SocketPeer.parse(address, port) as SocketPeer;

/** Datagrams as they come from these addresses. */
function comingTo(family: 4 | 6): (address: string, port?: number) => Sender {
  const senders = new Senders(family);
  const words = new Int32Array(8);
  return (address, port) => {
    writeSockaddr(words, 0, peer(address, port), family);
    return senders.of(words, 0);
  };
}
const stranger = (i: number): string => `10.0.${i >> 8}.${i & 255}`;

it.each([4, 6] as const)(
  'makes nothing for strangers without end, on IPv%i; whom somebody kept stays',
  (family) => {
    const of = comingTo(family);
    const gate = new StrangerGate();
    const phone = of('192.0.2.1', 4_000).keep();
    const objects = new Set<Sender>();
    let passed = 0;
    for (let i = 0; i < 1_000; i++) {
      const sender = of(stranger(i), i + 1);
      objects.add(sender);
      if (gate.take(sender, 0)) passed += 1;
      expect(sender.is(peer(stranger(i), i + 1))).toBe(true);
      expect(sender.is(phone)).toBe(false);
    }
    expect([passed, gate.dropped, objects.size]).toEqual([300, 700, 1]);
    expect(of('192.0.2.1', 4_000)).toBe(phone);
    expect(phone).toMatchObject({ address: '192.0.2.1', port: 4_000 });
  },
);

it('tells of each sender what is its own', () => {
  const of = comingTo(6);
  const told = ['192.0.2.2', '2001:db8::7', 'fe80::7%5', '192.0.2.2'].map((address, i) => {
    const sender = of(address, 80 + i);
    return [sender.port, sender.is(peer(address, 80 + i)), sender.hash === peer(address, 80 + i).hash];
  });
  expect(told).toEqual([80, 81, 82, 83].map((port) => [port, true, true]));
  expect([of('2001:db8::7').address, of('192.0.2.2').address]).toEqual(['2001:db8::7', '192.0.2.2']);
});

it('keeps a few, each once; the oldest goes, and is known by its address then', () => {
  const of = comingTo(4);
  const first = of('192.0.2.1');
  const kept = first.keep();
  expect(first.keep()).toBe(kept);
  const others = ['192.0.2.2', '192.0.2.3', '192.0.2.4'].map((address) => of(address).keep());
  expect(of('192.0.2.1')).toBe(kept);
  expect(kept.keep()).toBe(kept);
  expect(['192.0.2.2', '192.0.2.3', '192.0.2.4'].map((address) => of(address))).toEqual(others);
  of('192.0.2.5').keep();
  const again = of('192.0.2.1');
  expect(again).not.toBe(kept);
  expect(again.is(kept)).toBe(true);
  expect(kept).toMatchObject({ address: '192.0.2.1', port: 7 });
  expect(of('192.0.2.2')).toBe(others[0]);
});
