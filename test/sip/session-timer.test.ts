import { expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import type { IncomingInvite } from '../../src/sip/index.ts';
import { grantedSession } from '../../src/sip/session-expires.ts';
import { Inbox } from './support/events.ts';
import { reports, SDP, settled } from './support/leg.ts';
import { Peer } from './support/peer.ts';
import { startLeg } from './support/server.ts';

test.each([
  [{}, undefined],
  [{ supported: 'timer' }, undefined],
  [{ 'session-expires': '1800', supported: '100rel, Timer' }, '1800;refresher=uac'],
  [{ 'session-expires': '1800;refresher=uas', supported: 'timer' }, '1800;refresher=uas'],
  [{ 'session-expires': ' 1800 ; refresher=UAC' }, '1800;refresher=uac'],
  [{ 'session-expires': '1800', require: 'timer' }, '1800;refresher=uac'],
  [{ 'session-expires': '60', supported: 'timer' }, undefined],
  [{ 'session-expires': 'soon' }, undefined],
  [{ 'session-expires': '1800;refresher=both' }, undefined],
])('%o is granted %s', (headers, expected) => {
  const granted = grantedSession({ header: (name) => (headers as Record<string, string>)[name] });
  expect(granted['Session-Expires']).toBe(expected);
  expect(granted['Require']).toBe(expected === undefined ? undefined : 'timer');
});

test('a proxy asks in the place of a PBX that cannot: we refresh, and require nothing of it', () => {
  const granted = grantedSession({ header: (name) => (name === 'session-expires' ? '1800' : undefined) });
  expect(granted).toEqual({ 'Session-Expires': '1800;refresher=uas' });
});

test('a PBX calls with a timer: granted, its refreshes too, and its silence ends the call', async () => {
  const clock = new FakeClock();
  const invites = new Inbox<IncomingInvite>();
  const { sip, server } = await startLeg({ onIncomingInvite: invites.push }, { clock });
  const peer = await Peer.start();
  const timer = { Supported: 'timer', 'Session-Expires': '1800' };
  peer.requestTo(sip.contacts[0]!, 'INVITE', { headers: timer, body: SDP });
  const accepted = await (await invites.next()).accept(SDP);
  if (!accepted.ok) throw new Error(JSON.stringify(accepted));
  const ok = await peer.response(200, 'INVITE');
  expect(ok.headers.get('session-expires')).toBe('1800;refresher=uac');
  expect(ok.headers.get('require')).toBe('timer');
  expect(ok.headers.get('supported')).toContain('timer');
  peer.ack(ok);
  const byes = new Inbox<unknown>();
  const lost = new Inbox<string>();
  accepted.value.attach({
    onBye: byes.push,
    onReinvite: async () => ({ sdp: SDP }),
    onLost: lost.push,
  });

  const inDialog = {
    From: ok.headers.get('from')!,
    To: ok.headers.get('to')!,
    'Call-ID': ok.headers.get('call-id')!,
    ...timer,
  };
  peer.requestTo(sip.contacts[0]!, 'UPDATE', { headers: inDialog });
  expect((await peer.response(200, 'UPDATE')).headers.get('session-expires')).toBe('1800;refresher=uac');
  peer.requestTo(sip.contacts[0]!, 'INVITE', { headers: inDialog, body: SDP });
  const again = await peer.response(200, 'INVITE');
  expect(again.headers.get('session-expires')).toBe('1800;refresher=uac');
  peer.ack(again);
  await expect.poll(() => server.stats().requestsIn['ACK']).toBe(2);

  clock.advance(1_768_000);
  expect((await peer.request('BYE')).headers.get('reason')).toContain('Session timer expired');
  expect(await byes.next()).toEqual({ sip: 200, reason: 'Session timer expired' });
  expect(lost.all).toEqual([]);
});

test('a PBX asks for a timer in its answer: it gets re-INVITEs that the owner of the call does not see', async () => {
  const clock = new FakeClock();
  const { sip } = await startLeg({}, { clock });
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: SDP }, events);
  const invite = await peer.request('INVITE');
  expect(invite.headers.get('supported')).toContain('100rel, timer');
  expect(invite.headers.has('session-expires')).toBe(false);
  const timer = { 'Session-Expires': '600;refresher=uac', Require: 'timer' };
  peer.respond(invite, 200, { body: SDP, headers: timer });
  const answered = await settled(inbox);
  if (answered.what !== 'answered') throw new Error(JSON.stringify(answered));
  await peer.request('ACK');
  const seen = new Inbox<string>();
  answered.dialog.attach({
    onBye: () => seen.push('bye'),
    onReinvite: async () => {
      seen.push('re-INVITE');
      return { status: 488 };
    },
    onLost: seen.push,
  });
  for (let round = 0; round < 2; round++) {
    clock.advance(305_000);
    const refresh = await peer.request('INVITE');
    expect(refresh.body).toBe(SDP);
    expect(refresh.headers.get('session-expires')).toBe('600;refresher=uac');
    peer.respond(refresh, 200, { body: SDP, headers: timer });
    await peer.request('ACK');
  }
  expect(seen.all).toEqual([]);
  expect(answered.dialog.alive).toBe(true);
});

const wish = { expiresS: 1_800, minSeS: 90 };

/** We ask; the PBX answers with these headers. */
async function asked(headers: Record<string, string>) {
  const clock = new FakeClock();
  const { sip, server } = await startLeg({}, { clock });
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: SDP, sessionTimer: wish }, events);
  const invite = await peer.request('INVITE');
  expect(invite.headers.get('session-expires')).toBe('1800');
  expect(invite.headers.get('min-se')).toBe('90');
  expect(invite.headers.get('supported')).toContain('timer');
  peer.respond(invite, 200, { body: SDP, headers });
  const answered = await settled(inbox);
  if (answered.what !== 'answered') throw new Error(JSON.stringify(answered));
  await peer.request('ACK');
  const byes = new Inbox<unknown>();
  answered.dialog.attach({ onBye: byes.push, onReinvite: async () => ({ sdp: SDP }), onLost: () => {} });
  return { clock, server, peer, invite, byes, dialog: answered.dialog };
}

test('we ask, the PBX leaves the refreshing to us: a re-INVITE that changes nothing, each half interval', async () => {
  const timer = { 'Session-Expires': '1800;refresher=uac', Require: 'timer' };
  const { clock, peer, dialog, byes } = await asked(timer);
  for (let round = 0; round < 3; round++) {
    clock.advance(905_000);
    const refresh = await peer.request('INVITE');
    expect(refresh.body).toBe(SDP);
    expect(refresh.headers.get('session-expires')).toBe('1800;refresher=uac');
    peer.respond(refresh, 200, { body: SDP, headers: timer });
    await peer.request('ACK');
  }
  expect(byes.all).toEqual([]);
  void dialog.bye();
  peer.respond(await peer.request('BYE'), 200);
});

test('we ask, the PBX takes the refreshing and falls silent: BYE before the session ends', async () => {
  const { clock, peer, byes } = await asked({
    'Session-Expires': '1800;refresher=uas',
    Require: 'timer',
  });
  clock.advance(1_767_000);
  expect(byes.all).toEqual([]);
  clock.advance(1_500);
  const bye = await peer.request('BYE');
  expect(bye.headers.get('reason')).toContain('Session timer expired');
  peer.respond(bye, 200);
  expect(await byes.next()).toMatchObject({ reason: 'Session timer expired' });
});

test('we ask, the PBX refreshes by UPDATE without SDP: the call goes on', async () => {
  const timer = { 'Session-Expires': '1800;refresher=uas', Require: 'timer' };
  const { clock, peer, invite, byes, dialog } = await asked(timer);
  for (let round = 0; round < 3; round++) {
    clock.advance(900_000);
    peer.requestIn(invite, 'UPDATE', {
      headers: { 'Session-Expires': '1800;refresher=uac', Supported: 'timer' },
    });
    expect((await peer.response(200, 'UPDATE')).headers.get('session-expires')).toBe('1800;refresher=uac');
  }
  expect(byes.all).toEqual([]);
  void dialog.bye();
  peer.respond(await peer.request('BYE'), 200);
});

test('we ask, the PBX says nothing of it: nothing is armed, the call goes on for a day', async () => {
  const { clock, peer, byes, dialog } = await asked({});
  clock.advance(86_400_000);
  void dialog.bye();
  peer.respond(await peer.request('BYE'), 200);
  expect(byes.all).toEqual([]);
  expect(peer.received.map(({ method }) => method)).toEqual(['INVITE', 'ACK', 'BYE']);
});

test('422 is honoured: the same call again with the Min-SE that it names', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: SDP, sessionTimer: wish }, events);
  const first = await peer.request('INVITE');
  peer.respond(first, 422, { headers: { 'Min-SE': '3600' } });
  const second = await peer.request('INVITE');
  expect(second.headers.get('session-expires')).toBe('3600');
  expect(second.headers.get('min-se')).toBe('3600');
  for (const name of ['call-id', 'from', 'to'])
    expect(second.headers.get(name)).toBe(first.headers.get(name));
  const cseq = (value: string | undefined): number => Number.parseInt(value ?? '', 10);
  expect(cseq(second.headers.get('cseq'))).toBe(cseq(first.headers.get('cseq')) + 1);
  expect(second.body).toBe(SDP);
  peer.respond(second, 200, { body: SDP, headers: { 'Session-Expires': '3600;refresher=uas' } });
  const answered = await settled(inbox);
  if (answered.what !== 'answered') throw new Error(JSON.stringify(answered));
  void answered.dialog.bye();
  peer.respond(await peer.request('BYE'), 200);
});

test.each([
  ['that asks for no more than we did', { 'Min-SE': '1800' }, 1],
  ['without Min-SE', {}, 1],
  ['each time with more', undefined, 4],
])('a 422 %s fails the call', async (_name, headers, invites) => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: SDP, sessionTimer: wish }, events);
  for (let i = 1; i <= invites; i++)
    peer.respond(await peer.request('INVITE'), 422, { headers: headers ?? { 'Min-SE': `${i * 3_600}` } });
  expect(await settled(inbox)).toMatchObject({ what: 'failed', status: 422 });
  expect(peer.received.filter(({ method }) => method === 'INVITE')).toHaveLength(invites);
});

test.each([
  ['knows timers and leaves it open: ours, refreshed by us', { Supported: 'timer' }, '1800;refresher=uas'],
  ['has a Min-SE above ours: that', { Supported: 'timer', 'Min-SE': '3600' }, '3600;refresher=uas'],
  ['asks itself: what it asks', { Supported: 'timer', 'Session-Expires': '600' }, '600;refresher=uac'],
  ['knows no timers: none', {}, undefined],
])('a PBX that calls and %s', async (_name, headers, expected) => {
  const invites = new Inbox<IncomingInvite>();
  const { sip } = await startLeg({ onIncomingInvite: invites.push });
  const peer = await Peer.start();
  peer.requestTo(sip.contacts[0]!, 'INVITE', { headers, body: SDP });
  const accepted = await (await invites.next()).accept(SDP, wish);
  if (!accepted.ok) throw new Error(JSON.stringify(accepted));
  const ok = await peer.response(200, 'INVITE');
  expect(ok.headers.get('session-expires')).toBe(expected);
  expect(ok.headers.get('require')).toBe(expected === undefined ? undefined : 'timer');
  peer.ack(ok);
  void accepted.value.bye();
  peer.respond(await peer.request('BYE'), 200);
});
