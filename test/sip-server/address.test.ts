import { expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { ownContact, viaValue } from '../../src/sip-server/engine/own-address.ts';
import { AddressList } from '../../src/sip-server/guard/peers.ts';
import { OwnAddresses, type OwnAddressesOptions } from '../../src/sip-server/transport/address.ts';
import { SystemResolver } from '../../src/sip-server/transport/dns/system-resolver.ts';
import { TransportLayer } from '../../src/sip-server/transport/layer.ts';

type Interfaces = ReturnType<NonNullable<OwnAddressesOptions['interfaces']>>;

const card = (cidr: string, internal = false): NonNullable<Interfaces[string]>[number] => {
  const address = cidr.split('/')[0]!;
  const common = { address, netmask: '', mac: '', internal, cidr };
  return address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' };
};
const CARDS: Interfaces = {
  lo: [card('127.0.0.1/8', true), card('::1/128', true)],
  eth0: [card('10.1.0.5/16'), card('fe80::1/64'), card('2001:db8:1::5/64')],
  eth1: [card('192.168.7.5/24'), card('2001:db8:2::5/64')],
};

const own = (options: Partial<OwnAddressesOptions> = {}): OwnAddresses =>
  new OwnAddresses({ clock: new FakeClock(), interfaces: () => CARDS, ...options });

test.each([
  ['10.1.0.5', '203.0.113.9', '10.1.0.5'],
  ['fe80::1%eth0', 'fe80::2%eth0', 'fe80::1'],
  ['0.0.0.0', '127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '192.168.7.200', '192.168.7.5'],
  ['0.0.0.0', '203.0.113.9', '10.1.0.5'],
  ['::', '2001:db8:2::77', '2001:db8:2::5'],
  ['::', '2001:db8:9::77', '2001:db8:1::5'],
  ['::', '::1', '::1'],
])('bound to %s, %s knows us as %s', (bound, peer, address) => {
  expect(own().toward(bound, peer)).toBe(address);
});

test.each([
  ['0.0.0.0', '203.0.113.9', '198.51.100.1'],
  ['10.1.0.5', '192.168.7.200', '198.51.100.1'],
  ['10.1.0.5', '10.1.2.3', '10.1.0.5'],
  ['0.0.0.0', '10.1.2.3', '10.1.0.5'],
  ['10.1.0.5', '127.0.0.1', '10.1.0.5'],
  // An address of the other family is of no use to that peer.
  ['::', '2001:db8:2::77', '2001:db8:2::5'],
])('with an external address, bound to %s, %s knows us as %s', (bound, peer, address) => {
  const local = new AddressList(['10.1.0.0/16'], 'localNetworks');
  const external = { external: '198.51.100.1', isLocal: (each: string) => local.has(each) };
  expect(own(external).toward(bound, peer)).toBe(address);
});

test('interfaces that come and go are seen, but not read for each message', () => {
  const clock = new FakeClock();
  let reads = 0;
  let cards = CARDS;
  const addresses = own({
    clock,
    interfaces: () => {
      reads++;
      return cards;
    },
  });
  for (let i = 0; i < 100; i++) addresses.toward('0.0.0.0', '203.0.113.9');
  expect(reads).toBe(1);
  cards = { eth9: [card('172.16.0.5/24')] };
  clock.advance(5000);
  expect(addresses.toward('0.0.0.0', '203.0.113.9')).toBe('172.16.0.5');
});

test('Via and Contact of what leaves carry it, with the port of the listener', async () => {
  const clock = new FakeClock();
  const udp = { protocol: 'udp', address: '127.0.0.1', port: 0 } as const;
  const layer = await TransportLayer.open([udp, { ...udp, address: '::1', externalAddress: '2001:db8::9' }], {
    clock,
    own: own({ external: '198.51.100.1' }),
    resolver: new SystemResolver(),
    random: Math.random,
    accepts: () => true,
    onMessage: () => {},
    onError: () => {},
  });
  const { port } = layer.contacts[0]!;
  for (const [host, address] of [
    ['203.0.113.9', '198.51.100.1'],
    ['127.0.0.9', '127.0.0.1'],
  ] as const) {
    layer.open({ host }, (opened) => {
      if (!opened.ok) throw opened.error;
      expect(viaValue(opened.value, 'z9hG4bK1')).toBe(`SIP/2.0/UDP ${address}:${port};branch=z9hG4bK1;rport`);
      expect(ownContact(opened.value)).toBe(`<sip:${address}:${port}>`);
    });
  }
  // A listener may have one of its own.
  layer.open({ host: '2001:db8:9::1' }, (opened) => {
    if (opened.ok) expect(opened.value.local.address).toBe('2001:db8::9');
    else throw opened.error;
  });
  await layer.close();
  expect(layer.dump()).toEqual({ listeners: 0, connections: 0, lookups: 0 });
});
