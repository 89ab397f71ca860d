import { expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import type { ConnectSipOptions, Refer, SipDialog, SipDialogEvents } from '../../src/sip/index.ts';
import { Inbox } from './support/events.ts';
import { reports, SDP, settled } from './support/leg.ts';
import { type Message, Peer } from './support/peer.ts';
import { startLeg } from './support/server.ts';

const ANSWER = SDP.replace('40000', '50000');
const HOLD = `${ANSWER}a=sendonly\r\n`;

interface Call {
  readonly peer: Peer;
  readonly invite: Message;
  readonly dialog: SipDialog;
  readonly byes: Inbox<unknown>;
  readonly lost: Inbox<string>;
}

/** An answered call, its handlers attached. */
async function call(
  events: Partial<SipDialogEvents> = {},
  options: Partial<ConnectSipOptions> = {},
): Promise<Call> {
  const { sip } = await startLeg(options);
  const peer = await Peer.start();
  const { events: inviteEvents, inbox } = reports();
  sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: SDP }, inviteEvents);
  const invite = await peer.request('INVITE');
  peer.respond(invite, 200, { body: ANSWER });
  const answered = await settled(inbox);
  if (answered.what !== 'answered') throw new Error(JSON.stringify(answered));
  await peer.request('ACK');
  const byes = new Inbox<unknown>();
  const lost = new Inbox<string>();
  answered.dialog.attach({
    onBye: byes.push,
    onReinvite: async () => ({ status: 488 }),
    onLost: lost.push,
    ...events,
  });
  return { peer, invite, dialog: answered.dialog, byes, lost };
}

test('BYE of the other side, with its cause', async () => {
  const { peer, invite, dialog, byes } = await call();
  peer.requestIn(invite, 'BYE', { headers: { Reason: 'Q.850;cause=16;text="bye"' } });
  await peer.response(200, 'BYE');
  expect(await byes.next()).toEqual({ q850: 16, reason: 'bye' });
  expect(dialog.alive).toBe(false);
  await dialog.bye();
  expect(await dialog.info('text/plain', 'x')).toMatchObject({ ok: false, error: { kind: 'ended' } });
  expect(await dialog.reinvite(SDP)).toMatchObject({ ok: false, error: { kind: 'ended' } });
  expect(byes.all).toHaveLength(1);
});

test('what came before attach is delivered by it', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: SDP }, events);
  const invite = await peer.request('INVITE');
  peer.respond(invite, 200, { body: ANSWER });
  const answered = await settled(inbox);
  if (answered.what !== 'answered') throw new Error('not answered');
  peer.requestIn(invite, 'BYE');
  await peer.response(200, 'BYE');
  const byes = new Inbox<unknown>();
  answered.dialog.attach({ onBye: byes.push, onReinvite: async () => ({ status: 488 }), onLost: () => {} });
  expect(byes.all).toEqual([{}]);
});

test('a BYE that nobody answers ends in time', async () => {
  const { dialog, peer } = await call({}, { requestTimeoutMs: 200 });
  const ended = dialog.bye();
  await peer.request('BYE');
  await ended;
  expect(dialog.alive).toBe(false);
});

test('hold by re-INVITE', async () => {
  const offers = new Inbox<string | undefined>();
  const { peer, invite } = await call({
    onReinvite: async (offer) => {
      offers.push(offer);
      return { sdp: `${SDP}a=recvonly\r\n` };
    },
  });
  peer.requestIn(invite, 'INVITE', { body: HOLD });
  const answer = await peer.response(200, 'INVITE');
  expect(answer.body).toBe(`${SDP}a=recvonly\r\n`);
  expect(answer.headers.get('allow')).toContain('INVITE');
  peer.ack(answer);
  expect(offers.all).toEqual([HOLD]);
});

test('re-INVITE without SDP: our offer in the 200, the answer in the ACK', async () => {
  const offers = new Inbox<string | undefined>();
  const answers = new Inbox<string>();
  const { peer, invite, dialog } = await call({
    onReinvite: async (offer) => {
      offers.push(offer);
      return { sdp: SDP };
    },
    onReinviteAnswer: answers.push,
  });
  peer.requestIn(invite, 'INVITE');
  const offer = await peer.response(200, 'INVITE');
  expect(offer.body).toBe(SDP);
  // RFC 3261 14.1: ours waits for the ACK.
  const ours = dialog.reinvite(SDP);
  peer.requestIn(invite, 'OPTIONS');
  await peer.response(200, 'OPTIONS');
  expect(peer.received.filter(({ method }) => method === 'INVITE')).toHaveLength(1);
  peer.ack(offer, ANSWER);
  expect(await answers.next()).toBe(ANSWER);
  expect(offers.all).toEqual([undefined]);
  peer.respond(await peer.request('INVITE'), 200, { body: HOLD });
  expect(await ours).toEqual({ ok: true, value: HOLD });
});

test('a refused re-INVITE leaves the call up', async () => {
  const { peer, invite, dialog } = await call({ onReinvite: async () => ({ status: 488 }) });
  peer.requestIn(invite, 'INVITE', { body: HOLD });
  await peer.response(488, 'INVITE');
  expect(dialog.alive).toBe(true);
});

test('a handler that throws, and one that never answers, make a 500', async () => {
  let calls = 0;
  const { peer, invite } = await call(
    {
      onReinvite: () => {
        if (calls++ === 0) throw new Error('bug of the caller');
        return new Promise(() => {});
      },
    },
    { requestTimeoutMs: 200 },
  );
  peer.requestIn(invite, 'INVITE', { body: HOLD });
  peer.ack(await peer.response(500, 'INVITE'));
  peer.requestIn(invite, 'INVITE', { body: HOLD });
  await peer.response(500, 'INVITE');
});

test('a second offer before the first is answered: 500 with Retry-After', async () => {
  let answer: (reply: { sdp: string }) => void = () => {};
  const asked = new Inbox<string | undefined>();
  const { peer, invite } = await call({
    onReinvite: (offer) => {
      asked.push(offer);
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
  });
  peer.requestIn(invite, 'UPDATE', { body: HOLD });
  await asked.next();
  peer.requestIn(invite, 'UPDATE', { body: HOLD });
  expect(Number((await peer.response(500, 'UPDATE')).headers.get('retry-after'))).toBeLessThanOrEqual(10);
  answer({ sdp: SDP });
  await peer.response(200, 'UPDATE');
  expect(asked.all).toHaveLength(1);
});

test('a BYE while their re-INVITE waits for our answer', async () => {
  const asked = new Inbox<string | undefined>();
  const { peer, invite, byes } = await call({
    onReinvite: (offer) => {
      asked.push(offer);
      return new Promise(() => {});
    },
  });
  peer.requestIn(invite, 'INVITE', { body: HOLD });
  await asked.next();
  peer.requestIn(invite, 'BYE');
  await peer.response(200, 'BYE');
  // RFC 3261 15.1.2.
  await peer.response(487, 'INVITE');
  expect(byes.all).toHaveLength(1);
});

test('UPDATE: with an offer like a re-INVITE, without one just 200', async () => {
  const { peer, invite } = await call({ onReinvite: async () => ({ sdp: SDP }) });
  peer.requestIn(invite, 'UPDATE', { body: HOLD });
  expect((await peer.response(200, 'UPDATE')).body).toBe(SDP);
  peer.requestIn(invite, 'UPDATE');
  expect((await peer.response(200, 'UPDATE')).body).toBe('');
});

test('our re-INVITEs go one after the other; a refused one does not block the next', async () => {
  const { peer, dialog } = await call();
  const first = dialog.reinvite(SDP);
  const second = dialog.reinvite(HOLD);
  const one = await peer.request('INVITE');
  expect(one.body).toBe(SDP);
  expect(one.headers.get('contact')).toContain('sip:');
  expect(one.headers.get('allow')).toContain('INFO');
  peer.respond(one, 488);
  expect(await first).toMatchObject({ ok: false, error: { status: 488, kind: 'response' } });
  const two = await peer.request('INVITE');
  expect(two.body).toBe(HOLD);
  peer.respond(two, 200, { body: ANSWER });
  expect(await second).toEqual({ ok: true, value: ANSWER });
  // Of the 488, by the server, and of the 200, by us.
  const acks = [await peer.request('ACK'), await peer.request('ACK')];
  expect(acks.map(({ headers }) => headers.get('cseq')!.split(' ')[0])).toEqual(
    [one, two].map(({ headers }) => headers.get('cseq')!.split(' ')[0]),
  );
});

test.each([
  [0, 2_100],
  [0.999, 4_000],
])('glare: 491 is retried after 2.1 to 4 s, for the Call-ID is ours', async (random, delay) => {
  const clock = new FakeClock();
  const { peer, dialog } = await call({}, { clock, random: () => random, requestTimeoutMs: 60_000 });
  const result = dialog.reinvite(SDP);
  peer.respond(await peer.request('INVITE'), 491);
  await peer.request('ACK');
  const before = clock.now();
  const invites = (): number => peer.received.filter(({ method }) => method === 'INVITE').length;
  while (invites() < 3) {
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(clock.now() - before).toBeGreaterThanOrEqual(delay);
  peer.respond(await peer.request('INVITE'), 200, { body: ANSWER });
  expect(await result).toEqual({ ok: true, value: ANSWER });
});

test('glare without end is reported', async () => {
  const clock = new FakeClock();
  const { peer, dialog } = await call({}, { clock, requestTimeoutMs: 60_000 });
  const result = dialog.reinvite(SDP);
  let over = false;
  void result.finally(() => {
    over = true;
  });
  let refused = 0;
  while (!over) {
    const invite = peer.received.filter(({ method }) => method === 'INVITE')[refused + 1];
    if (invite) {
      refused++;
      peer.respond(invite, 491);
    }
    clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await result).toMatchObject({ ok: false, error: { status: 491 } });
  expect(refused).toBe(3);
  expect(dialog.alive).toBe(true);
});

test('glare: their offer meets ours with 491', async () => {
  const { peer, invite, dialog } = await call();
  const result = dialog.reinvite(SDP);
  const ours = await peer.request('INVITE');
  peer.requestIn(invite, 'INVITE', { body: HOLD });
  await peer.response(491, 'INVITE');
  peer.requestIn(invite, 'UPDATE', { body: HOLD });
  await peer.response(491, 'UPDATE');
  peer.respond(ours, 200, { body: ANSWER });
  expect(await result).toMatchObject({ ok: true });
});

test('481 to a request in the dialog ends it', async () => {
  const { peer, dialog, lost } = await call();
  const result = dialog.info('application/dtmf-relay', 'Signal=1\r\nDuration=100\r\n');
  const info = await peer.request('INFO');
  expect(info.body).toBe('Signal=1\r\nDuration=100\r\n');
  expect(info.headers.get('content-type')).toBe('application/dtmf-relay');
  peer.respond(info, 481);
  expect(await result).toMatchObject({ ok: false, error: { status: 481 } });
  expect(await lost.next()).toBe('dialog-gone');
  expect(dialog.alive).toBe(false);
});

test('INFO out and in', async () => {
  const infos = new Inbox<{ contentType: string; body: string }>();
  const { peer, invite, dialog } = await call({
    onInfo: (info) => {
      infos.push(info);
      return 200;
    },
  });
  const result = dialog.info('application/dtmf', '1');
  peer.respond(await peer.request('INFO'), 200);
  expect(await result).toEqual({ ok: true, value: 200 });
  peer.requestIn(invite, 'INFO', {
    headers: { 'Content-Type': 'application/dtmf-relay' },
    body: 'Signal=5\r\n',
  });
  await peer.response(200, 'INFO');
  expect(infos.all).toEqual([{ contentType: 'application/dtmf-relay', body: 'Signal=5\r\n' }]);
});

test('INFO that is refused says what would be taken', async () => {
  const { peer, invite } = await call({ onInfo: () => 415 });
  peer.requestIn(invite, 'INFO', { headers: { 'Content-Type': 'text/plain' }, body: 'x' });
  const refused = await peer.response(415, 'INFO');
  expect(refused.headers.get('accept')).toBe('application/dtmf-relay, application/dtmf');
});

test('keys go out by INFO one at a time, in order', async () => {
  const { peer, dialog } = await call();
  const [first, second] = [dialog.digit('1', 40), dialog.digit('#', 40)];
  const info = await peer.request('INFO');
  expect(info.body).toBe('Signal=1\r\nDuration=40\r\n');
  peer.respond(info, 200);
  expect(await first).toEqual({ ok: true, value: 200 });
  const next = await peer.request('INFO');
  expect(next.body).toBe('Signal=#\r\nDuration=40\r\n');
  peer.respond(next, 415);
  const again = await peer.request('INFO');
  expect([again.headers.get('content-type'), again.body]).toEqual(['application/dtmf', '#']);
  peer.respond(again, 200);
  expect(await second).toEqual({ ok: true, value: 200 });
});

test.each([
  ['INVITE, ACK, BYE, info', true],
  ['INVITE, ACK, BYE', false],
  [undefined, false],
])('Allow: %s in a 200', async (allow, info) => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: SDP }, events);
  const invite = await peer.request('INVITE');
  peer.respond(invite, 200, { body: ANSWER, ...(allow === undefined ? {} : { headers: { Allow: allow } }) });
  const answered = await settled(inbox);
  if (answered.what !== 'answered') throw new Error(JSON.stringify(answered));
  expect(answered.dialog.allows('INFO')).toBe(info);
});

test.each([
  ['INFO', {}, 415],
  ['REFER', { 'Refer-To': '<sip:other@127.0.0.1>' }, 403],
  ['OPTIONS', {}, 200],
  ['NOTIFY', { Event: 'refer', 'Subscription-State': 'terminated' }, 481],
  ['MESSAGE', {}, 405],
])('%s without a handler', async (method, headers, status) => {
  const { peer, invite, dialog } = await call();
  peer.requestIn(invite, method, { headers });
  await peer.response(status, method);
  expect(dialog.alive).toBe(true);
});

test('REFER with a handler', async () => {
  const refers = new Inbox<Refer>();
  const { peer, invite } = await call({
    onRefer: (refer) => {
      refers.push(refer);
      return { status: 202 };
    },
  });
  peer.requestIn(invite, 'REFER', {
    headers: { 'Refer-To': '<sip:other@127.0.0.1?Replaces=a%40b%3Bto-tag%3Dt%3Bfrom-tag%3Df>' },
  });
  await peer.response(202, 'REFER');
  expect((await refers.next()).target).toEqual({
    uri: 'sip:other@127.0.0.1',
    user: 'other',
    host: '127.0.0.1',
    replaces: { callId: 'a@b', toTag: 't', fromTag: 'f', earlyOnly: false },
    requiresReplaces: false,
  });
});

test('after the call and close no timer is left', async () => {
  const clock = new FakeClock();
  const { sip } = await startLeg({ clock });
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: SDP }, events);
  const invite = await peer.request('INVITE');
  peer.respond(invite, 180);
  peer.respond(invite, 200, { body: ANSWER });
  const answered = await settled(inbox);
  if (answered.what !== 'answered') throw new Error('not answered');
  const closing = sip.close();
  peer.respond(await peer.request('BYE'), 200);
  await closing;
  expect(answered.dialog.alive).toBe(false);
  expect(clock.armed).toBe(0);
});
