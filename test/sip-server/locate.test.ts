import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { arrange, literal, locate, type Means } from '../../src/sip-server/transport/dns/locate.ts';
import { orderSrv } from '../../src/sip-server/transport/dns/srv-order.ts';
import { SystemResolver } from '../../src/sip-server/transport/dns/system-resolver.ts';
import type { Target } from '../../src/sip-server/transport/transport.ts';
import type { Protocol } from '../../src/sip-server/types.ts';
import { DnsServer, type Record } from './support/dns-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const means = (...protocols: Protocol[]): Means =>
  new Map(protocols.map((each) => [each, new Set([4, 6] as const)]));
const ALL = means('udp', 'tcp', 'tls');

/** The hops of a target, by a real DNS server; each as `udp 192.0.2.1:5060`. */
async function hops(
  records: readonly Record[],
  target: Target,
  can: Means = ALL,
): Promise<{ hops: string[]; asked: string[]; ttlMs: number }> {
  const server = await DnsServer.open(records);
  const resolver = new SystemResolver([server.address], '/dev/null');
  closing.push(
    () => resolver.close(),
    () => server.close(),
  );
  const located = await locate(target, can, resolver);
  return {
    hops: arrange(located, () => 0).map(({ protocol, address, port }) => `${protocol} ${address}:${port}`),
    asked: server.asked,
    ttlMs: located.ttlMs,
  };
}

const srv = (name: string, target: string, port: number, priority = 0, weight = 0): Record => ({
  type: 'SRV',
  name,
  target,
  port,
  priority,
  weight,
});
const a = (name: string, address: string, ttl = 60): Record => ({ type: 'A', name, address, ttl });
const naptr = (service: string, replacement: string, order: number, preference = 0): Record => ({
  type: 'NAPTR',
  name: 'pbx.test',
  service,
  replacement,
  order,
  preference,
});

const HOSTS = [a('a.test', '192.0.2.1'), a('b.test', '192.0.2.2'), a('pbx.test', '192.0.2.9')];

describe('what needs no DNS', () => {
  test.each<[Target, string]>([
    [{ host: '192.0.2.1' }, 'udp 192.0.2.1:5060'],
    [{ host: '192.0.2.1', port: 5070, protocol: 'tcp' }, 'tcp 192.0.2.1:5070'],
    [{ host: '192.0.2.1', secure: true }, 'tls 192.0.2.1:5061'],
    [{ host: '192.0.2.1', secure: true, protocol: 'tcp' }, 'tls 192.0.2.1:5061'],
    [{ host: '2001:db8::1', silent: 'tcp' }, 'tcp 2001:db8::1:5060'],
  ])('%j', (target, hop) => {
    const found = literal(target);
    expect(`${found?.protocol} ${found?.address}:${found?.port}`).toBe(hop);
  });
});

describe('RFC 3263 4', () => {
  test('a port skips SRV; without a transport it is UDP', async () => {
    const found = await hops([...HOSTS, srv('_sip._udp.pbx.test', 'a.test', 5080)], {
      host: 'pbx.test',
      port: 5070,
    });
    expect(found.hops).toEqual(['udp 192.0.2.9:5070']);
    expect(found.asked.sort()).toEqual(['A pbx.test', 'AAAA pbx.test']);
  });

  test('a transport asks for its SRV records alone, then for addresses', async () => {
    const records = [
      ...HOSTS,
      srv('_sip._udp.pbx.test', 'a.test', 1),
      srv('_sip._tcp.pbx.test', 'b.test', 5080),
    ];
    expect((await hops(records, { host: 'pbx.test', protocol: 'tcp' })).hops).toEqual(['tcp 192.0.2.2:5080']);
    const none = await hops(HOSTS, { host: 'pbx.test', protocol: 'tls' });
    expect(none.hops).toEqual(['tls 192.0.2.9:5061']);
    expect(none.asked).toContain('SRV _sips._tcp.pbx.test');
  });

  test('sips: is TLS, whatever DNS offers', async () => {
    const records = [
      ...HOSTS,
      naptr('SIP+D2U', '_sip._udp.pbx.test', 1),
      naptr('SIPS+D2T', '_sips._tcp.pbx.test', 2),
      srv('_sip._udp.pbx.test', 'a.test', 5060),
      srv('_sips._tcp.pbx.test', 'b.test', 5061),
    ];
    expect((await hops(records, { host: 'pbx.test', secure: true })).hops).toEqual(['tls 192.0.2.2:5061']);
    expect((await hops(HOSTS, { host: 'pbx.test', secure: true })).hops).toEqual(['tls 192.0.2.9:5061']);
  });

  test('NAPTR says which transport comes first; those without a listener are left out', async () => {
    const records = [
      ...HOSTS,
      naptr('SIPS+D2T', '_sips._tcp.pbx.test', 20),
      naptr('SIP+D2T', 'odd.test', 10, 50),
      naptr('SIP+D2U', '_sip._udp.pbx.test', 10, 60),
      naptr('E2U+sip', 'x.test', 1),
      srv('odd.test', 'a.test', 5062),
      srv('_sip._udp.pbx.test', 'b.test', 5060),
      srv('_sips._tcp.pbx.test', 'b.test', 5061),
    ];
    const three = ['tcp 192.0.2.1:5062', 'udp 192.0.2.2:5060', 'tls 192.0.2.2:5061'];
    expect((await hops(records, { host: 'pbx.test' })).hops).toEqual(three);
    expect((await hops(records, { host: 'pbx.test' }, means('udp'))).hops).toEqual(['udp 192.0.2.2:5060']);
  });

  test('without NAPTR every transport of ours is asked for; without SRV it is UDP, or that of the dialog', async () => {
    const records = [
      ...HOSTS,
      srv('_sip._tcp.pbx.test', 'a.test', 5062),
      srv('_sip._udp.pbx.test', 'b.test', 5060),
    ];
    expect((await hops(records, { host: 'pbx.test' })).hops).toEqual([
      'udp 192.0.2.2:5060',
      'tcp 192.0.2.1:5062',
    ]);
    expect((await hops(records, { host: 'pbx.test', silent: 'tcp' })).hops[0]).toBe('tcp 192.0.2.1:5062');
    expect((await hops(HOSTS, { host: 'pbx.test' })).hops).toEqual(['udp 192.0.2.9:5060']);
    expect((await hops(HOSTS, { host: 'pbx.test', silent: 'tls' })).hops).toEqual(['tls 192.0.2.9:5061']);
  });

  test('addresses of every family that we can send to, all of each', async () => {
    const records: Record[] = [
      a('pbx.test', '192.0.2.1'),
      a('pbx.test', '192.0.2.2'),
      { type: 'AAAA', name: 'pbx.test', address: '2001:db8::5' },
    ];
    const target = { host: 'pbx.test', port: 5060 };
    expect((await hops(records, target)).hops.sort()).toEqual([
      'udp 192.0.2.1:5060',
      'udp 192.0.2.2:5060',
      'udp 2001:db8::5:5060',
    ]);
    const four: Means = new Map([['udp', new Set([4] as const)]]);
    expect((await hops(records, target, four)).hops.sort()).toEqual([
      'udp 192.0.2.1:5060',
      'udp 192.0.2.2:5060',
    ]);
  });

  test('an SRV record whose host does not exist costs nothing but itself', async () => {
    const records = [
      ...HOSTS,
      srv('_sip._udp.pbx.test', 'gone.test', 1, 0),
      srv('_sip._udp.pbx.test', 'a.test', 2, 1),
    ];
    expect((await hops(records, { host: 'pbx.test' })).hops).toEqual(['udp 192.0.2.1:2']);
  });

  test('the shortest TTL counts; nothing found is believed for a short while', async () => {
    const target = { host: 'short.test', port: 1 };
    expect((await hops([a('short.test', '192.0.2.1', 7)], target)).ttlMs).toBe(7000);
    const none = await hops([], target);
    expect(none).toMatchObject({ hops: [], ttlMs: 10_000 });
  });
});

describe('a server that fails', () => {
  test('is an error, not an absence', async () => {
    const server = await DnsServer.open(HOSTS);
    server.failing = true;
    const resolver = new SystemResolver([server.address], '/dev/null');
    closing.push(
      () => resolver.close(),
      () => server.close(),
    );
    await expect(locate({ host: 'pbx.test' }, ALL, resolver)).rejects.toThrow(/ESERVFAIL/);
  });
});

describe('names of the system', () => {
  test('/etc/hosts comes before DNS; a name without a dot is the system s', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
    closing.push(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'hosts'), '# comment\n192.0.2.77\tpbx.test PBX # desk\n2001:db8::7 pbx\n');
    const server = await DnsServer.open(HOSTS);
    const resolver = new SystemResolver([server.address], join(folder, 'hosts'));
    closing.push(
      () => resolver.close(),
      () => server.close(),
    );
    expect((await resolver.addresses('Pbx.Test.', 4)).records).toEqual(['192.0.2.77']);
    expect((await resolver.addresses('pbx', 6)).records).toEqual(['2001:db8::7']);
    expect((await resolver.addresses('a.test', 4)).records).toEqual(['192.0.2.1']);
    expect(server.asked).toEqual(['A a.test']);
    expect(
      (await new SystemResolver([server.address], '/dev/null').addresses('localhost', 4)).records,
    ).toEqual(['127.0.0.1']);
    expect(server.asked).toEqual(['A a.test']);
  });
});

describe('order of SRV records (RFC 2782)', () => {
  const record = (name: string, priority: number, weight: number) => ({ name, priority, weight });
  const names = (random: () => number, ...records: ReturnType<typeof record>[]): string =>
    orderSrv(records, random)
      .map(({ name }) => name)
      .join('');

  test('by priority first', () => {
    expect(names(() => 0.99, record('c', 30, 100), record('a', 10, 0), record('b', 20, 50))).toBe('abc');
  });

  test('inside one priority by weight: the draw decides', () => {
    const all = [record('a', 1, 10), record('b', 1, 30), record('z', 1, 0)];
    expect(names(() => 0, ...all)).toBe('zab');
    expect(names(() => 0.1, ...all)).toBe('abz');
    expect(names(() => 0.999, ...all)).toBe('baz');
  });

  test('over many draws each is first as often as its weight says', () => {
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 0x7fff_ffff;
      return seed / 0x7fff_ffff;
    };
    let first = 0;
    for (let i = 0; i < 10_000; i++)
      if (names(random, record('a', 1, 25), record('b', 1, 75)) === 'ab') first++;
    expect(first / 10_000).toBeGreaterThan(0.22);
    expect(first / 10_000).toBeLessThan(0.29);
  });
});
