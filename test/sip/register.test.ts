import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { Log } from '../../src/shared/log.ts';
import { silentLog } from '../../src/shared/log.ts';
import { parseChallenges } from '../../src/sip/digest.ts';
import { DigestGuard } from '../../src/sip/digest-guard.ts';
import type { RegisterOptions, RegistrationView, SipControl } from '../../src/sip/index.ts';
import { Inbox } from './support/events.ts';
import { type Message, Peer } from './support/peer.ts';
import { startCuttableLeg, startLeg } from './support/server.ts';

const CREDENTIALS = { username: 'gateway', password: 'open, "sesame"' };

/** Registers at the peers and collects what is told. */
function register(sip: SipControl, peers: readonly Peer[], more: Partial<RegisterOptions> = {}) {
  const views = new Inbox<RegistrationView>();
  const registration = sip.register({
    name: 'pbx',
    aor: { user: 'gw', domain: 'pbx.example' },
    contactUser: 'gw-1',
    servers: peers.map(({ port }) => `sip:127.0.0.1:${port}`),
    credentials: CREDENTIALS,
    expiresS: 300,
    onState: views.push,
    ...more,
  });
  return { registration, views };
}

/** A log that keeps its warnings. */
function recorder(): { readonly log: Log; readonly warnings: { event: string; fields: object }[] } {
  const warnings: { event: string; fields: object }[] = [];
  const warn: Log['warn'] = (fields, event) => void warnings.push({ event, fields });
  return { log: { ...silentLog, warn }, warnings };
}

const contactOf = (request: Message): string => request.headers.get('contact') ?? '';
const grant = (peer: Peer, request: Message, seconds: number): void =>
  peer.respond(request, 200, { headers: { Contact: `${contactOf(request)};expires=${seconds}` } });
const cseq = (request: Message): number => Number.parseInt(request.headers.get('cseq') ?? '', 10);

it('registers its own address with digest, and refreshes with the same Call-ID and growing CSeq', async () => {
  const { sip, server } = await startLeg();
  const peer = await Peer.start();
  const { views } = register(sip, [peer]);
  const first = await peer.request('REGISTER');
  expect(first.start).toBe('REGISTER sip:pbx.example SIP/2.0');
  expect(first.headers.get('to')).toBe('<sip:gw@pbx.example>');
  expect(first.headers.get('from')).toMatch(/^<sip:gw@pbx\.example>;tag=\w+$/);
  expect(contactOf(first)).toBe(`<sip:gw-1@127.0.0.1:${server.contacts[0]!.port}>`);
  expect(first.headers.get('expires')).toBe('300');
  const guard = new DigestGuard({ realm: 'a, b', algorithm: 'SHA-256', now: Date.now });
  peer.respond(first, 401, { headers: { 'WWW-Authenticate': guard.challenge(false) } });
  const second = await peer.request('REGISTER');
  const checked = guard.check(second.headers.get('authorization'), 'REGISTER', 'sip:pbx.example', [
    CREDENTIALS,
  ]);
  expect(checked).toEqual({ verdict: 'right', username: 'gateway' });
  grant(peer, second, 1);
  expect(await views.next()).toMatchObject({
    up: true,
    server: `sip:127.0.0.1:${peer.port}`,
    address: '127.0.0.1',
  });
  const third = await peer.request('REGISTER');
  for (const next of [second, third]) {
    expect(next.headers.get('call-id')).toBe(first.headers.get('call-id'));
    expect(next.headers.get('from')).toBe(first.headers.get('from'));
  }
  expect([cseq(second), cseq(third)]).toEqual([cseq(first) + 1, cseq(first) + 2]);
});

it('answers a stale nonce with the new one, and both a proxy and the registrar', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { views } = register(sip, [peer]);
  const challenge = (nonce: string, stale = false): string =>
    `Digest realm="r", nonce="${nonce}", algorithm=MD5, qop="auth"${stale ? ', stale=TRUE' : ''}`;
  const nonceIn = (request: Message, header: string): string | undefined =>
    parseChallenges(request.headers.get(header) ?? '')[0]?.params.get('nonce');
  peer.respond(await peer.request('REGISTER'), 407, { headers: { 'Proxy-Authenticate': challenge('p') } });
  const toProxy = await peer.request('REGISTER');
  expect(nonceIn(toProxy, 'proxy-authorization')).toBe('p');
  peer.respond(toProxy, 401, { headers: { 'WWW-Authenticate': challenge('one') } });
  peer.respond(await peer.request('REGISTER'), 401, {
    headers: { 'WWW-Authenticate': challenge('two', true) },
  });
  const last = await peer.request('REGISTER');
  expect(nonceIn(last, 'authorization')).toBe('two');
  expect(nonceIn(last, 'proxy-authorization')).toBe('p');
  grant(peer, last, 60);
  expect(await views.next()).toMatchObject({ up: true });
});

it('a wrong password is told by its code, without the password, and not tried again and again', async () => {
  const { log, warnings } = recorder();
  const { sip } = await startLeg({ log });
  const peer = await Peer.start();
  const { views } = register(sip, [peer]);
  const challenge = { headers: { 'WWW-Authenticate': 'Digest realm="r", nonce="n", qop="auth"' } };
  peer.respond(await peer.request('REGISTER'), 401, challenge);
  peer.respond(await peer.request('REGISTER'), 401, challenge);
  expect(await views.next()).toMatchObject({
    up: false,
    phase: 'failed',
    why: expect.stringContaining('401'),
  });
  const [warning] = warnings;
  expect(warning).toMatchObject({
    event: 'trunk.registration-failed',
    fields: { trunk: 'pbx', code: 'SIP_REGISTER_CREDENTIALS', status: 401 },
  });
  expect((warning!.fields as { retryMs: number }).retryMs).toBeGreaterThanOrEqual(30_000);
  expect(JSON.stringify(warnings)).not.toContain('sesame');
  expect(peer.received).toHaveLength(2);
});

it('takes the interval of a 423', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { views } = register(sip, [peer]);
  peer.respond(await peer.request('REGISTER'), 423, { headers: { 'Min-Expires': '1800' } });
  const again = await peer.request('REGISTER');
  expect(again.headers.get('expires')).toBe('1800');
  grant(peer, again, 1_800);
  expect(await views.next()).toMatchObject({ up: true });
});

it('a 503 and a server that is not there lead to the next one', async () => {
  const { sip } = await startLeg({ requestTimeoutMs: 300 });
  const [busy, silent, good] = [await Peer.start(), await Peer.start(), await Peer.start()];
  const { views } = register(sip, [busy, silent, good]);
  busy.respond(await busy.request('REGISTER'), 503);
  await silent.request('REGISTER');
  grant(good, await good.request('REGISTER'), 60);
  expect(await views.next()).toMatchObject({ up: true, server: `sip:127.0.0.1:${good.port}` });
});

it('goes by the outbound proxy, whoever is asked', async () => {
  const { sip } = await startLeg();
  const proxy = await Peer.start();
  register(sip, [], { servers: ['sip:pbx.example'], proxy: `sip:127.0.0.1:${proxy.port};lr` });
  const request = await proxy.request('REGISTER');
  expect(request.start).toBe('REGISTER sip:pbx.example SIP/2.0');
});

it('unregisters when it is stopped', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { registration, views } = register(sip, [peer]);
  const first = await peer.request('REGISTER');
  grant(peer, first, 60);
  await views.next();
  const stopped = registration.stop();
  const last = await peer.request('REGISTER');
  expect(last.headers.get('expires')).toBe('0');
  expect(contactOf(last)).toBe(contactOf(first));
  expect(last.headers.get('call-id')).toBe(first.headers.get('call-id'));
  peer.respond(last, 200);
  await stopped;
  expect(registration.view).toMatchObject({ up: false, phase: 'stopped' });
});

it('unregisters when the leg is closed, and does not wait for a registrar that is gone', async () => {
  const { sip } = await startLeg();
  const [peer, silent] = [await Peer.start(), await Peer.start()];
  for (const each of [peer, silent]) {
    const { views } = register(sip, [each]);
    grant(each, await each.request('REGISTER'), 60);
    await views.next();
  }
  const closed = sip.close();
  const last = await peer.request('REGISTER');
  expect(last.headers.get('expires')).toBe('0');
  peer.respond(last, 200);
  await silent.request('REGISTER');
  await closed;
});

it('registers again after the control connection was lost', async () => {
  const { sip, line } = await startCuttableLeg();
  const peer = await Peer.start();
  const { views } = register(sip, [peer]);
  const first = await peer.request('REGISTER');
  grant(peer, first, 60);
  await views.next();
  line.cut();
  expect(await views.next()).toMatchObject({ up: false, phase: 'unregistered' });
  const again = await peer.request('REGISTER');
  expect(again.headers.get('call-id')).toBe(first.headers.get('call-id'));
  expect(cseq(again)).toBeGreaterThan(cseq(first));
  grant(peer, again, 60);
  expect(await views.next()).toMatchObject({ up: true });
});

it('over TCP line breaks keep the way to the registrar open, as often as is wanted (RFC 5626 4.4.1)', async () => {
  const listen = [{ protocol: 'tcp', address: '127.0.0.1', port: 0 }] as const;
  const { sip } = await startLeg({}, { listen, keepAliveMs: 50 });
  const registrar = createServer();
  registrar.listen(0, '127.0.0.1');
  await once(registrar, 'listening');
  const { port } = registrar.address() as { port: number };
  register(sip, [], { servers: [`sip:127.0.0.1:${port};transport=tcp`] });
  const [socket] = (await once(registrar, 'connection')) as [Socket];
  onTestFinished(() => {
    socket.destroy();
    registrar.close();
  });
  let text = '';
  while (!text.includes('\r\n\r\n\r\n\r\n')) text += String((await once(socket, 'data'))[0]);
  expect(text).toMatch(/^REGISTER sip:pbx\.example SIP\/2\.0\r\n/);
});
