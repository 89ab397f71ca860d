import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type connect, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import type { ListenOptions, SipServerOptions } from '../../src/sip-server/index.ts';
import { parseMessage } from '../../src/sip-server/message/validate.ts';
import { type App, SDP, startApp } from './support/app.ts';
import { Authority } from './support/certificates.ts';
import { DnsServer } from './support/dns-server.ts';
import type { SipError, Srf, SrfRequest } from './support/srf.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const LISTEN = [{ protocol: 'udp', address: '127.0.0.1', port: 0 }] as const;

async function app(
  routes?: (srf: Srf) => void,
  listen: readonly ListenOptions[] = LISTEN,
  options: Partial<SipServerOptions> = {},
): Promise<App> {
  const started = await startApp(routes, { listen, ...options });
  closing.push(() => started.close());
  return started;
}

const answering = (srf: Srf): void =>
  srf.invite((req, res) => void srf.createUAS(req, res, { localSdp: SDP(4000) }).catch(() => {}));
const port = (of: App): number => of.server.contacts[0]!.port;

/** `pbx.test` at these ports of 127.0.0.1, in this order. */
async function pbx(protocol: 'udp' | 'tcp', ports: readonly number[]): Promise<DnsServer> {
  const dns = await DnsServer.open([
    { type: 'A', name: 'host.test', address: '127.0.0.1' },
    ...ports.map((each, priority) => {
      const name = `_sip._${protocol}.pbx.test`;
      return { type: 'SRV', name, priority, weight: 0, port: each, target: 'host.test' } as const;
    }),
  ]);
  closing.push(() => dns.close());
  return dns;
}

async function silentPeer(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(() => socket.close());
  return { socket, port: socket.address().port };
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return free;
}

/** A call, and the request as the server said it was sent. */
async function call(from: App, uri = 'sip:bob@pbx.test'): Promise<{ status: number; request: SrfRequest }> {
  let request: SrfRequest | undefined;
  const outcome = await from.srf
    .createUAC(uri, { localSdp: SDP(5000) }, { cbRequest: (_error, req) => (request = req) })
    .then(async (dialog) => {
      await dialog.destroy();
      return 200;
    })
    .catch((error: SipError) => error.status);
  if (!request) throw new Error('nothing was sent');
  return { status: outcome, request };
}

const TCP = [{ protocol: 'tcp', address: '127.0.0.1', port: 0 }] as const;

test('a refused connection: the next address takes the call, and the next call goes there at once', async () => {
  const b = await app(answering, TCP);
  const closed = await closedPort();
  const dns = await pbx('tcp', [closed, port(b)]);
  const tried: number[] = [];
  const a = await app(undefined, TCP, {
    dnsServers: [dns.address],
    log: {
      debug() {},
      info() {},
      error() {},
      warn: (fields) => tried.push((fields as { remote: { port: number } }).remote.port),
    },
  });
  expect((await call(a)).status).toBe(200);
  expect((await call(a)).status).toBe(200);
  expect(tried).toEqual([closed]);
  expect(a.server.stats()).toMatchObject({ dialogs: 0, requestsOut: { INVITE: 3, BYE: 2 } });
});

test('silence until timer B: the same request in a new transaction to the next address; the application sees one call', async () => {
  const clock = new FakeClock();
  const first = await silentPeer();
  const seen: { callId: string; from: string; seq: number; branch: string; body: string }[] = [];
  const note = (data: Buffer): void => {
    const parsed = parseMessage(data);
    if (!parsed.ok || parsed.value.kind !== 'request' || parsed.value.method !== 'INVITE') return;
    const { headers, callId, cseq, body } = parsed.value;
    const branch = /branch=([^;]+)/.exec(headers.get('via') ?? '')?.[1] ?? '';
    seen.push({ callId, from: headers.get('from') ?? '', seq: cseq.seq, branch, body: body.toString() });
  };
  const b = await app(answering, LISTEN, {
    trace: ({ direction, message }) => direction === 'in' && note(message),
  });
  const dns = await pbx('udp', [first.port, port(b)]);
  const a = await app(undefined, LISTEN, { dnsServers: [dns.address], clock });
  const heard = once(first.socket, 'message');
  const calling = call(a);
  note(((await heard) as [Buffer])[0]);
  clock.advance(32_000);
  const { status, request } = await calling;
  expect(status).toBe(200);
  expect(seen.length).toBe(2);
  const { branch: one, ...same } = seen[0]!;
  const { branch: other, ...again } = seen[1]!;
  expect(again).toEqual(same);
  expect(other).not.toBe(one);
  // What the application was told is the first transmission.
  expect(request.get('Via')).toContain(one);
});

test('503 sends the call on, and Retry-After the next one past it; the last one s 503 is the application s', async () => {
  let asked = 0;
  const busy = (srf: Srf): void =>
    srf.invite((_req, res) => {
      asked++;
      res.send(503, { headers: { 'Retry-After': '60' } });
    });
  const first = await app(busy);
  const second = await app(answering);
  const dns = await pbx('udp', [port(first), port(second)]);
  const a = await app(undefined, LISTEN, { dnsServers: [dns.address] });
  expect((await call(a)).status).toBe(200);
  expect((await call(a)).status).toBe(200);
  expect(asked).toBe(1);

  const all = await pbx('udp', [port(first), port(await app(busy))]);
  const other = await app(undefined, LISTEN, { dnsServers: [all.address] });
  expect((await call(other)).status).toBe(503);
  expect(asked).toBe(3);
  expect(other.server.stats()).toMatchObject({ dialogs: 0 });
});

test('a busy callee is no failure of its server', async () => {
  const first = await app((srf) => srf.invite((_req, res) => res.send(486)));
  const second = await app(answering);
  const dns = await pbx('udp', [port(first), port(second)]);
  const a = await app(undefined, LISTEN, { dnsServers: [dns.address] });
  expect((await call(a)).status).toBe(486);
  expect(second.server.stats().requestsIn).toEqual({});
});

test('a call that is cancelled goes nowhere else', async () => {
  const clock = new FakeClock();
  const first = await silentPeer();
  const second = await app(answering);
  const dns = await pbx('udp', [first.port, port(second)]);
  const a = await app(undefined, LISTEN, { dnsServers: [dns.address], clock });
  const heard = once(first.socket, 'message');
  let request: SrfRequest | undefined;
  const calling = a.srf
    .createUAC('sip:bob@pbx.test', { localSdp: SDP(1) }, { cbRequest: (_error, req) => (request = req) })
    .catch((error: SipError) => error.status);
  await heard;
  request?.cancel();
  // The frame has been read once the server answers one that came after it.
  await a.srf.request(`sip:x@127.0.0.1:${port(second)}`, { method: 'OPTIONS' });
  clock.advance(32_000);
  expect(await calling).toBe(408);
  expect(second.server.stats().requestsIn).not.toHaveProperty('INVITE');
});

test('a name that nobody has is 503, and so is a DNS that never answers, after five seconds', async () => {
  const clock = new FakeClock();
  const dns = await DnsServer.open([]);
  closing.push(() => dns.close());
  const a = await app(undefined, LISTEN, { dnsServers: [dns.address], clock });
  expect((await call(a, 'sip:bob@nowhere.test')).status).toBe(503);
  dns.silent = true;
  const before = dns.asked.length;
  const calling = call(a, 'sip:bob@silent.test');
  while (dns.asked.length === before) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(5_000);
  expect((await calling).status).toBe(503);
});

test('closing while DNS is silent and while a connection is under way leaves nothing behind', async () => {
  const clock = new FakeClock();
  const dns = await DnsServer.open([]);
  closing.push(() => dns.close());
  dns.silent = true;
  // A listener whose backlog is full does not answer a SYN; on loopback, an accepted but mute TLS peer does as well.
  const mute = createServer().listen(0, '127.0.0.1');
  await once(mute, 'listening');
  closing.push(() => mute.close());
  const a = await app(undefined, TCP, { dnsServers: [dns.address], clock });
  void call(a, 'sip:bob@silent.test').catch(() => {});
  const accepted = once(mute, 'connection');
  const at = (mute.address() as { port: number }).port;
  void call(a, `sip:bob@127.0.0.1:${at};transport=tcp`).catch(() => {});
  const [peer] = (await accepted) as [ReturnType<typeof connect>];
  const gone = new Promise((resolve) => peer.once('close', resolve));
  peer.on('error', () => {});
  peer.resume();
  await a.server.close();
  await gone;
  expect(clock.armed).toBe(0);
});

test('TLS proves the domain that was asked for, not the host that DNS named for it', async () => {
  const authority = new Authority();
  closing.push(() => authority.close());
  const tls = (names: string): ListenOptions => ({
    protocol: 'tls',
    address: '127.0.0.1',
    port: 0,
    tls: { certificates: [authority.issue(names)], ca: authority.cert },
  });
  const outcomes: number[] = [];
  for (const names of ['DNS:pbx.test', 'URI:sip:pbx.test,DNS:other.test', 'DNS:host.test']) {
    const b = await app(answering, [tls(names)]);
    const dns = await DnsServer.open([
      { type: 'A', name: 'host.test', address: '127.0.0.1' },
      {
        type: 'SRV',
        name: '_sips._tcp.pbx.test',
        priority: 1,
        weight: 1,
        port: port(b),
        target: 'host.test',
      },
    ]);
    closing.push(() => dns.close());
    const a = await app(undefined, [tls('DNS:a.test')], { dnsServers: [dns.address] });
    outcomes.push((await call(a, 'sips:bob@pbx.test')).status);
  }
  expect(outcomes).toEqual([200, 200, 503]);
});

test.each<[string, 'tcp' | 'tls', string]>([
  ['TCP', 'tcp', 'sip:bob@pbx.test'],
  ['TLS', 'tls', 'sips:bob@pbx.test'],
])('a challenge over %s, found by DNS, is answered on the way that it came', async (_name, protocol, uri) => {
  const authority = new Authority();
  closing.push(() => authority.close());
  const listen = (names: string): ListenOptions[] => [
    { protocol: 'udp', address: '127.0.0.1', port: 0 },
    {
      protocol,
      address: '127.0.0.1',
      port: 0,
      ...(protocol === 'tls' && { tls: { certificates: [authority.issue(names)], ca: authority.cert } }),
    },
  ];
  const vias: string[] = [];
  const ports = new Set<number>();
  const b = await app((srf) => {
    srf.invite((req, res) => {
      vias.push(/^SIP\/2\.0\/(\w+)/.exec(req.get('Via') ?? '')?.[1] ?? '');
      ports.add(req.source_port);
      const headers = { 'Proxy-Authenticate': 'Digest realm="pbx", nonce="n", algorithm=MD5' };
      if (req.has('Proxy-Authorization')) void srf.createUAS(req, res, { localSdp: SDP(4000) });
      else res.send(407, { headers });
    });
  }, listen('DNS:pbx.test'));
  const name = protocol === 'tcp' ? '_sip._tcp.pbx.test' : '_sips._tcp.pbx.test';
  const dns = await DnsServer.open([
    { type: 'A', name: 'host.test', address: '127.0.0.1' },
    { type: 'SRV', name, priority: 1, weight: 1, port: b.server.contacts[1]!.port, target: 'host.test' },
  ]);
  closing.push(() => dns.close());
  const a = await app(undefined, listen('DNS:a.test'), { dnsServers: [dns.address] });
  const auth = { username: 'a', password: 'b' };
  await (await a.srf.createUAC(uri, { localSdp: SDP(1), auth })).destroy();
  const way = protocol.toUpperCase();
  expect([vias, ports.size]).toEqual([[way, way], 1]);
});
