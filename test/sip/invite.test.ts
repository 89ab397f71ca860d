import { expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { DigestGuard } from '../../src/sip/digest-guard.ts';
import type { InviteOptions } from '../../src/sip/index.ts';
import { Inbox } from './support/events.ts';
import { reports, SDP, settled } from './support/leg.ts';
import { Peer } from './support/peer.ts';
import { startLeg } from './support/server.ts';

const ANSWER = SDP.replace('40000', '50000');

function to(peer: Peer, more: Partial<InviteOptions> = {}): InviteOptions {
  return { uri: peer.uri, from: { user: '4711', displayName: 'Ann "A"' }, headers: {}, sdp: SDP, ...more };
}

test('180, 183 with early media, 200, ACK, BYE', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite(to(peer, { headers: { 'X-Meta-Call-Id': 'c1\r\nX-Evil: 1' } }), events);
  const invite = await peer.request('INVITE');
  expect(invite.body).toBe(SDP);
  expect(invite.headers.get('from')).toMatch(/^"Ann \\"A\\"" <sip:4711@127\.0\.0\.1/);
  expect(invite.headers.get('x-meta-call-id')).toBe('c1 X-Evil: 1');
  expect(invite.headers.get('x-evil')).toBeUndefined();
  expect(invite.headers.get('user-agent')).toBe('test/1');
  expect(invite.headers.get('allow')).toContain('UPDATE');
  expect(invite.headers.get('content-type')).toBe('application/sdp');
  expect(await inbox.next()).toEqual({ what: 'sent', callId: invite.headers.get('call-id') });
  peer.respond(invite, 180, { reason: 'Ringing' });
  expect(await inbox.next()).toEqual({
    what: 'provisional',
    status: 180,
    reason: 'Ringing',
    toTag: peer.tag,
  });
  peer.respond(invite, 183, { body: ANSWER });
  expect(await inbox.next()).toMatchObject({ what: 'provisional', status: 183, sdp: ANSWER });
  peer.respond(invite, 200, { body: ANSWER });
  const answered = await settled(inbox);
  if (answered.what !== 'answered') throw new Error(JSON.stringify(answered));
  expect(answered.sdp).toBe(ANSWER);
  expect(answered.dialog).toMatchObject({ remoteTag: peer.tag, remoteUser: 'phone', alive: true });
  await peer.request('ACK');
  expect(sip.dump()).toMatchObject({ invites: 0, dialogs: 1 });
  const ended = answered.dialog.bye({ cause: 16, text: 'Normal call clearing' });
  expect(answered.dialog.bye()).toBe(ended);
  const bye = await peer.request('BYE');
  expect(bye.headers.get('reason')).toBe('Q.850;cause=16;text="Normal call clearing"');
  peer.respond(bye, 200);
  await ended;
  expect(answered.dialog.alive).toBe(false);
  expect(sip.dump()).toMatchObject({ invites: 0, dialogs: 0 });
  expect(peer.received.filter(({ method }) => method === 'BYE')).toHaveLength(1);
});

test.each([
  [
    486,
    { Reason: 'Q.850;cause=17;text="User busy"' },
    { status: 486, reason: 'Busy', kind: 'response', q850: 17 },
  ],
  [404, {}, { status: 404, reason: 'Busy', kind: 'response' }],
  [
    503,
    { 'Retry-After': '120 (overloaded)' },
    { status: 503, reason: 'Busy', kind: 'response', retryAfterS: 120 },
  ],
  [603, {}, { status: 603, reason: 'Busy', kind: 'response' }],
  [408, {}, { status: 408, reason: 'Busy', kind: 'response' }],
  [
    401,
    { 'WWW-Authenticate': 'Digest realm="x", nonce="1"' },
    { status: 401, reason: 'Busy', kind: 'response' },
  ],
  [
    302,
    { Contact: '<sip:b@127.0.0.1:9>;q=0.2, <sip:a@127.0.0.1:9>' },
    { status: 302, reason: 'Busy', kind: 'response', contacts: ['sip:a@127.0.0.1:9', 'sip:b@127.0.0.1:9'] },
  ],
])('%i fails the invite', async (status, headers, failure) => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite(to(peer), events);
  const invite = await peer.request('INVITE');
  peer.respond(invite, status, { headers, reason: 'Busy' });
  expect(await settled(inbox)).toEqual({ what: 'failed', ...failure });
  await peer.request('ACK');
  expect(sip.dump()).toMatchObject({ invites: 0, dialogs: 0 });
});

test.each([
  ['sip:a b@x', 'uri'],
  ['mailto:a@b', 'uri'],
])('%s is refused as an event, not thrown', async (uri) => {
  const { sip } = await startLeg();
  const { events, inbox } = reports();
  sip.invite({ uri, from: { user: 'a' }, headers: {}, sdp: SDP }, events);
  expect(inbox.all).toEqual([]);
  expect(await settled(inbox)).toEqual({
    what: 'failed',
    status: 400,
    reason: 'unusable uri',
    kind: 'transport',
  });
});

test('nobody answers in the ring budget: CANCEL, and a crossing 200 is hung up', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite(to(peer, { ringTimeoutMs: 200 }), events);
  const invite = await peer.request('INVITE');
  peer.respond(invite, 180);
  expect(await settled(inbox)).toMatchObject({ what: 'failed', kind: 'timeout', status: 408 });
  const cancel = await peer.request('CANCEL');
  expect(cancel.headers.get('reason')).toBe('SIP;cause=408;text="no answer in time"');
  peer.respond(invite, 200, { body: ANSWER });
  await peer.request('ACK');
  peer.respond(await peer.request('BYE'), 200);
  expect(inbox.all.filter(({ what }) => what === 'failed' || what === 'answered')).toHaveLength(1);
});

test('cancel before any response is held until the first one', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  const outbound = sip.invite(to(peer), events);
  const invite = await peer.request('INVITE');
  outbound.cancel({ protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' });
  outbound.cancel();
  peer.respond(invite, 180);
  const cancel = await peer.request('CANCEL');
  expect(cancel.headers.get('reason')).toBe('SIP;cause=200;text="Call completed elsewhere"');
  expect(cancel.headers.get('cseq')).toBe(`${Number.parseInt(invite.headers.get('cseq')!, 10)} CANCEL`);
  peer.respond(cancel, 200);
  peer.respond(invite, 487);
  expect(await settled(inbox)).toMatchObject({ what: 'failed', kind: 'cancelled', status: 487 });
  expect(inbox.all.map(({ what }) => what)).toEqual(['sent', 'failed']);
  expect(peer.received.filter(({ method }) => method === 'CANCEL')).toHaveLength(1);
});

test('cancel in the same turn as invite: nothing is sent', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite(to(peer), events).cancel();
  expect(await settled(inbox)).toMatchObject({ kind: 'cancelled' });
  expect(peer.received).toEqual([]);
});

test('a 200 that crosses the CANCEL is ACKed and hung up', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  const outbound = sip.invite(to(peer), events);
  const invite = await peer.request('INVITE');
  peer.respond(invite, 180);
  outbound.cancel({ cause: 16, text: 'caller hung up' });
  const cancel = await peer.request('CANCEL');
  peer.respond(invite, 200, { body: ANSWER });
  peer.respond(cancel, 481);
  await peer.request('ACK');
  peer.respond(await peer.request('BYE'), 200);
  expect(await settled(inbox)).toMatchObject({ what: 'failed', kind: 'cancelled' });
  outbound.cancel();
});

test('until the phone has answered the BYE to a 200 that crossed the CANCEL, the leg is not done with it', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  const outbound = sip.invite(to(peer), events);
  const invite = await peer.request('INVITE');
  peer.respond(invite, 180);
  outbound.cancel({ cause: 16, text: 'caller hung up' });
  await peer.request('CANCEL');
  peer.respond(invite, 200, { body: ANSWER });
  await peer.request('ACK');
  const bye = await peer.request('BYE');
  expect(await settled(inbox)).toMatchObject({ what: 'failed', kind: 'cancelled' });
  // By the answer to this, the server has said all that it has to say of our own BYE beside its own.
  const alive = sip.options({ uri: peer.uri, from: { user: 'gateway' } });
  peer.respond(await peer.request('OPTIONS'), 200);
  expect(await alive).toMatchObject({ ok: true });
  expect(sip.dump()).toMatchObject({ dialogs: 1 });
  const closed = sip.close();
  peer.respond(bye, 200);
  await closed;
  expect(peer.received.filter(({ method }) => method === 'BYE')).toHaveLength(1);
});

test('a cancel that nobody confirms settles after requestTimeoutMs', async () => {
  const { sip } = await startLeg({ requestTimeoutMs: 200 });
  const peer = await Peer.start();
  const { events, inbox } = reports();
  const outbound = sip.invite(to(peer), events);
  await peer.request('INVITE');
  outbound.cancel();
  expect(await settled(inbox)).toMatchObject({ kind: 'cancelled' });
});

test.each([
  [407, 'Proxy-Authenticate', 'proxy-authorization'],
  [401, 'WWW-Authenticate', 'authorization'],
])(
  '%i is answered: same Call-ID and From tag, next CSeq, the realm with its comma',
  async (status, asks, answers) => {
    const { sip } = await startLeg();
    const peer = await Peer.start();
    const { events, inbox } = reports();
    sip.invite(to(peer, { credentials: { username: 'gw', password: 'pw' } }), events);
    const first = await peer.request('INVITE');
    peer.respond(first, status, {
      headers: { [asks]: 'Digest realm="Acme, Inc", nonce="n1", qop="auth", algorithm=SHA-256' },
    });
    const second = await peer.request('INVITE');
    expect(second.headers.get('call-id')).toBe(first.headers.get('call-id'));
    expect(second.headers.get('from')).toBe(first.headers.get('from'));
    expect(Number.parseInt(second.headers.get('cseq')!, 10)).toBe(
      Number.parseInt(first.headers.get('cseq')!, 10) + 1,
    );
    const authorization = second.headers.get(answers)!;
    expect(authorization).toContain('realm="Acme, Inc"');
    expect(authorization).toContain(`uri="${peer.uri}"`);
    expect(second.body).toBe(SDP);
    peer.respond(second, 200, { body: ANSWER });
    await peer.request('ACK');
    await peer.request('ACK');
    const answered = await settled(inbox);
    if (answered.what !== 'answered') throw new Error(JSON.stringify(answered));
    expect(inbox.all.filter(({ what }) => what === 'sent')).toHaveLength(1);
    void answered.dialog.bye();
    const bye = await peer.request('BYE');
    peer.respond(bye, 407, { headers: { 'Proxy-Authenticate': 'Digest realm="r", nonce="n2"' } });
    const again = await peer.request('BYE');
    expect(again.headers.get('proxy-authorization')).toContain(`uri="${peer.uri}"`);
    peer.respond(again, 200);
    await answered.dialog.bye();
  },
);

test('wrong credentials are asked for once and then reported', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite(to(peer, { credentials: { username: 'gw', password: 'wrong' } }), events);
  const challenge = { headers: { 'Proxy-Authenticate': 'Digest realm="r", nonce="n"' } };
  peer.respond(await peer.request('INVITE'), 407, challenge);
  peer.respond(await peer.request('INVITE'), 407, challenge);
  expect(await settled(inbox)).toMatchObject({ kind: 'response', status: 407 });
});

test('cancel while a challenge is on its way: no second INVITE', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  const outbound = sip.invite(to(peer, { credentials: { username: 'gw', password: 'pw' } }), events);
  const invite = await peer.request('INVITE');
  outbound.cancel();
  peer.respond(invite, 407, { headers: { 'Proxy-Authenticate': 'Digest realm="r", nonce="n"' } });
  expect(await settled(inbox)).toMatchObject({ kind: 'cancelled' });
  await peer.request('ACK');
  expect(peer.received.filter(({ method }) => method === 'INVITE')).toHaveLength(1);
});

test('forks are told apart by their To tags', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite(to(peer), events);
  const invite = await peer.request('INVITE');
  await inbox.next();
  peer.respond(invite, 180, { tag: 'one' });
  expect(await inbox.next()).toMatchObject({ status: 180, toTag: 'one' });
  peer.respond(invite, 183, { tag: 'two', body: ANSWER });
  expect(await inbox.next()).toMatchObject({ status: 183, toTag: 'two', sdp: ANSWER });
  // RFC 6337 3.1.1: the answer of the fork that wins was in its 183.
  peer.respond(invite, 200, { tag: 'two' });
  expect(await settled(inbox)).toMatchObject({ what: 'answered', sdp: ANSWER });
});

test('a 200 without any answer is hung up', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite(to(peer), events);
  peer.respond(await peer.request('INVITE'), 200);
  expect(await settled(inbox)).toMatchObject({ what: 'failed', status: 488 });
  await peer.request('ACK');
  peer.respond(await peer.request('BYE'), 200);
});

test('a handler that throws on the answer does not leave the phone off the hook', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  sip.invite(to(peer), {
    onProvisional: () => {},
    onFailed: () => {},
    onAnswered: () => {
      throw new Error('bug of the caller');
    },
  });
  peer.respond(await peer.request('INVITE'), 200, { body: ANSWER });
  peer.respond(await peer.request('BYE'), 200);
});

test('a reliable 183 gets its PRACK (RFC 3262)', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite(to(peer), events);
  const invite = await peer.request('INVITE');
  expect(invite.headers.get('supported')).toContain('100rel');
  peer.respond(invite, 183, { body: ANSWER, headers: { Require: '100rel', RSeq: '17' } });
  const prack = await peer.request('PRACK');
  expect(prack.headers.get('rack')).toBe(`17 ${invite.headers.get('cseq')}`);
  peer.respond(prack, 200);
  peer.respond(invite, 200);
  expect(await settled(inbox)).toMatchObject({ what: 'answered', sdp: ANSWER });
  expect(inbox.all).toContainEqual(
    expect.objectContaining({ what: 'provisional', status: 183, sdp: ANSWER }),
  );
});

test.each([
  [401, 'WWW-Authenticate', 'authorization'],
  [407, 'Proxy-Authenticate', 'proxy-authorization'],
])(
  'a PRACK that is answered %i is sent again with credentials (RFC 3261 22.2)',
  async (status, asks, answers) => {
    const { sip } = await startLeg();
    const peer = await Peer.start();
    const { events, inbox } = reports();
    const account = { username: 'gw', password: 'pw' };
    const guard = new DigestGuard({ realm: 'Acme, Inc', algorithm: 'MD5', now: Date.now });
    const heard = new Inbox<object>();
    sip.invite(to(peer, { credentials: account }), { ...events, onEarlyMedia: heard.push });
    const invite = await peer.request('INVITE');
    peer.respond(invite, 183, { body: ANSWER, headers: { Require: '100rel', RSeq: '17' } });
    const first = await peer.request('PRACK');
    expect(first.headers.get(answers)).toBeUndefined();
    peer.respond(first, status, { headers: { [asks]: guard.challenge(false) } });
    const second = await peer.request('PRACK');
    expect(guard.check(second.headers.get(answers), 'PRACK', peer.uri, [account]).verdict).toBe('right');
    expect(second.headers.get('rack')).toBe(`17 ${invite.headers.get('cseq')}`);
    const [, number] = /^(\d+) PRACK$/.exec(first.headers.get('cseq') ?? '') ?? [];
    expect(second.headers.get('cseq')).toBe(`${Number(number) + 1} PRACK`);
    peer.respond(second, 200, { headers: { 'P-Early-Media': 'inactive' } });
    // What the 200 to it says counts.
    expect(await heard.next()).toEqual({ toTag: peer.tag, earlyMedia: 'inactive' });
    peer.respond(invite, 200);
    expect(await settled(inbox)).toMatchObject({ what: 'answered', sdp: ANSWER });
  },
);

test('a PRACK whose credentials are not taken is not sent for ever, and the call goes on', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite(to(peer, { credentials: { username: 'gw', password: 'wrong' } }), events);
  const invite = await peer.request('INVITE');
  peer.respond(invite, 183, { body: ANSWER, headers: { Require: '100rel', RSeq: '17' } });
  const challenge = { headers: { 'WWW-Authenticate': 'Digest realm="r", nonce="n"' } };
  peer.respond(await peer.request('PRACK'), 401, challenge);
  peer.respond(await peer.request('PRACK'), 401, challenge);
  peer.respond(invite, 200);
  expect(await settled(inbox)).toMatchObject({ what: 'answered', sdp: ANSWER });
  await peer.request('ACK');
  expect(peer.received.filter(({ method }) => method === 'PRACK')).toHaveLength(2);
});

test('an UPDATE before the answer: without an offer 200, with one 491', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events } = reports();
  sip.invite(to(peer), events);
  const invite = await peer.request('INVITE');
  peer.respond(invite, 180);
  peer.requestIn(invite, 'UPDATE');
  await peer.response(200, 'UPDATE');
  peer.requestIn(invite, 'UPDATE', { body: ANSWER });
  await peer.response(491, 'UPDATE');
});

test('a phone that never answers is told apart from one that says 408', async () => {
  const clock = new FakeClock();
  const { sip } = await startLeg({}, { clock });
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite(to(peer), events);
  await peer.request('INVITE');
  // Timer B of the server, 64*T1.
  clock.advance(32_000);
  expect(await settled(inbox)).toMatchObject({ what: 'failed', status: 408, kind: 'timeout' });
});
