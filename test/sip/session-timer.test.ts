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
  expect(invite.headers.get('supported')).toBe('100rel, timer');
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
