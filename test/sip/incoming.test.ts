import { expect, onTestFinished, test } from 'vitest';
import type { IncomingInvite } from '../../src/sip/index.ts';
import { ControlServer } from './support/control-server.ts';
import { Inbox } from './support/events.ts';
import { leg, SDP } from './support/leg.ts';
import { Peer } from './support/peer.ts';
import { startLeg } from './support/server.ts';

test('OPTIONS: 200 when ready, 503 while draining', async () => {
  let ready = true;
  const { sip } = await startLeg({ ready: () => ready });
  const peer = await Peer.start();
  peer.requestTo(sip.contacts[0]!, 'OPTIONS');
  const yes = await peer.response(200, 'OPTIONS');
  expect(yes.headers.get('allow')).toBe(
    'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, PRACK',
  );
  expect(yes.headers.get('accept')).toContain('application/sdp');
  expect(yes.headers.get('user-agent')).toBe('test/1');
  expect(yes.headers.has('supported')).toBe(true);
  ready = false;
  peer.requestTo(sip.contacts[0]!, 'OPTIONS');
  expect((await peer.response(503, 'OPTIONS')).headers.get('retry-after')).toBe('60');
});

test('INVITE without a handler: 403 that says why', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  peer.requestTo(sip.contacts[0]!, 'INVITE', { body: SDP });
  const refused = await peer.response(403, 'INVITE');
  expect(refused.headers.get('reason')).toContain('Q.850;cause=21');
});

test.each(['MESSAGE', 'SUBSCRIBE', 'REGISTER', 'PUBLISH', 'NOTIFY', 'INFO', 'REFER'])(
  '%s: 405 with Allow',
  async (method) => {
    const { sip } = await startLeg();
    const peer = await Peer.start();
    const headers = { Event: 'presence', 'Refer-To': '<sip:x@y>', 'Subscription-State': 'active' };
    peer.requestTo(sip.contacts[0]!, method, { headers });
    expect((await peer.response(405, method)).headers.get('allow')).toContain('INVITE');
  },
);

async function ringing(headers: Record<string, string> = {}, body = SDP) {
  const invites = new Inbox<IncomingInvite>();
  const { sip, server } = await startLeg({ onIncomingInvite: invites.push });
  const peer = await Peer.start();
  const { callId, cancel } = peer.requestTo(sip.contacts[0]!, 'INVITE', { headers, body });
  const invite = await invites.next();
  return { sip, server, peer, invite, callId, cancel };
}

test('an incoming call: who, what, 180, 200, ACK, BYE both ways', async () => {
  const { sip, peer, invite, callId } = await ringing({ 'X-Queue': 'sales' });
  expect(invite).toMatchObject({
    callId,
    sdp: SDP,
    from: { user: '12', displayName: 'Desk 12', uri: 'sip:12@127.0.0.1' },
    source: { protocol: 'udp', address: '127.0.0.1', port: peer.port },
  });
  expect(invite.header('X-Queue')).toBe('sales');
  invite.progress(180);
  await peer.response(180, 'INVITE');
  const accepted = await invite.accept(SDP);
  const ok = await peer.response(200, 'INVITE');
  peer.ack(ok);
  if (!accepted.ok) throw new Error(JSON.stringify(accepted));
  expect(accepted.value).toMatchObject({ callId, remoteTag: peer.tag, remoteUser: '12', alive: true });
  expect(sip.dump()).toMatchObject({ invites: 0, dialogs: 1 });
  const ended = accepted.value.bye({ cause: 16, text: 'x' });
  peer.respond(await peer.request('BYE'), 200);
  await ended;
  expect(await invite.accept(SDP)).toMatchObject({ ok: false });
});

test('a call without an offer: ours in the 200, the answer in the ACK', async () => {
  const { peer, invite } = await ringing({}, '');
  expect(invite.sdp).toBeUndefined();
  const accepted = await invite.accept(SDP);
  if (!accepted.ok) throw new Error(JSON.stringify(accepted));
  const answers = new Inbox<string>();
  accepted.value.attach({
    onBye: () => {},
    onLost: () => {},
    onReinvite: async () => ({ status: 488 }),
    onReinviteAnswer: answers.push,
  });
  const ok = await peer.response(200, 'INVITE');
  expect(ok.body).toBe(SDP);
  peer.ack(ok, SDP);
  expect(await answers.next()).toBe(SDP);
});

test('the answer in the ACK waits for its reader', async () => {
  const { sip, peer, invite } = await ringing({}, '');
  const accepted = await invite.accept(SDP);
  if (!accepted.ok) throw new Error(JSON.stringify(accepted));
  const ok = await peer.response(200, 'INVITE');
  peer.ack(ok, SDP);
  // What is answered after the ACK has been read after it.
  peer.requestTo(sip.contacts[0]!, 'OPTIONS');
  await peer.response(200, 'OPTIONS');
  const answers: string[] = [];
  accepted.value.attach({
    onBye: () => {},
    onLost: () => {},
    onReinvite: async () => ({ status: 488 }),
    onReinviteAnswer: (sdp) => answers.push(sdp),
  });
  expect(answers).toEqual([SDP]);
});

test('an ACK without the answer is told, before and after somebody listens', async () => {
  for (const early of [true, false]) {
    const { sip, peer, invite } = await ringing({}, '');
    const accepted = await invite.accept(SDP);
    if (!accepted.ok) throw new Error(JSON.stringify(accepted));
    const ok = await peer.response(200, 'INVITE');
    const told = Promise.withResolvers<void>();
    const listen = (): void =>
      accepted.value.attach({
        onBye: () => {},
        onLost: () => {},
        onReinvite: async () => ({ status: 488 }),
        onNoAnswer: told.resolve,
      });
    if (!early) listen();
    peer.ack(ok);
    peer.requestTo(sip.contacts[0]!, 'OPTIONS');
    await peer.response(200, 'OPTIONS');
    if (early) listen();
    await told.promise;
  }
});

test('the caller gives up while it rings', async () => {
  const { sip, peer, invite, cancel } = await ringing();
  const gone = new Inbox<unknown>();
  invite.onCancel(gone.push);
  invite.progress(180);
  await peer.response(180, 'INVITE');
  cancel({ Reason: 'SIP;cause=200;text="Call completed elsewhere"' });
  await peer.response(487, 'INVITE');
  expect(await gone.next()).toMatchObject({ protocol: 'SIP', cause: 200 });
  expect(await invite.accept(SDP)).toMatchObject({ ok: false, error: { status: 487 } });
  expect(sip.dump()).toMatchObject({ invites: 0, dialogs: 0 });
});

test('a refused call', async () => {
  const { sip, peer, invite } = await ringing();
  invite.reject(480, {
    reason: { cause: 20, text: 'Subscriber absent' },
    headers: { 'Retry-After': '5', Via: 'x' },
  });
  const refused = await peer.response(480, 'INVITE');
  expect(refused.headers.get('reason')).toBe('Q.850;cause=20;text="Subscriber absent"');
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(sip.dump()).toMatchObject({ invites: 0, dialogs: 0 });
});

test('a handler that throws makes a 500', async () => {
  const { sip } = await startLeg({
    onIncomingInvite: () => {
      throw new Error('bug of the caller');
    },
  });
  const peer = await Peer.start();
  peer.requestTo(sip.contacts[0]!, 'INVITE', { body: SDP });
  await peer.response(500, 'INVITE');
});

test('the line goes while a call rings', async () => {
  const { server, invite } = await ringing();
  const gone = new Inbox<unknown>();
  invite.onCancel(gone.push);
  await server.close();
  expect(await gone.next()).toBeUndefined();
  expect(await invite.accept(SDP)).toMatchObject({ ok: false });
});

test('a 200 that goes out when nobody waits for it any more is followed by BYE', async () => {
  const server = await ControlServer.start();
  onTestFinished(() => server.close());
  const calls = new Inbox<IncomingInvite>();
  await leg({ port: server.port, requestTimeoutMs: 100, onIncomingInvite: calls.push });
  const head = 'Call-ID: c1\r\nCSeq: 1 INVITE\r\nFrom: <sip:a@x>;tag=f1\r\nTo: <sip:b@x>';
  const via = 'application|1|udp|127.0.0.1|5060|00:00:00.0|t1|c1;from-tag=f1|';
  server.send(
    `x|sip|network|1|udp|127.0.0.1|5060|00:00:00.0|t1||\r\nINVITE sip:b@x SIP/2.0\r\n${head}\r\n` +
      `Contact: <sip:a@127.0.0.1>\r\nContent-Type: application/sdp\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`,
  );
  const invite = await calls.next();
  const sent = server.next('sip');
  expect(await invite.accept(SDP)).toMatchObject({ ok: false, error: { kind: 'timeout' } });
  const bye = server.next('sip');
  server.send(
    `x|response|${(await sent).id}|OK|${via}\r\nSIP/2.0 200 OK\r\n${head};tag=t1\r\nContent-Length: 0\r\n\r\n`,
  );
  expect((await bye).rest).toContain('\r\nBYE ');
});
