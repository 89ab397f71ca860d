import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { until, worlds } from '../e2e/world.ts';
import { Inbox } from '../sip/support/events.ts';
import { reports, settled } from '../sip/support/leg.ts';
import { Peer } from '../sip/support/peer.ts';
import { startLeg } from '../sip/support/server.ts';
import { hangUp, pickUp, ring, talk } from './support/call.ts';
import { outboundWorld } from './support/dial.ts';
import { readSdp, sdp } from './support/sdp.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

describe('the gateway', () => {
  it('asks for a session timer, and grants each refresh of a PBX by re-INVITE and by UPDATE', async () => {
    const raw = await ring(start);
    expect(raw.invite.headers.get('session-expires')).toBe('1800');
    expect(raw.invite.headers.get('min-se')).toBe('90');
    expect(raw.invite.headers.get('supported')).toContain('timer');
    await pickUp(raw, {}, { 'Session-Expires': '1800;refresher=uas', Require: 'timer' });
    const headers = { 'Session-Expires': '1800;refresher=uac', Supported: 'timer' };
    for (const method of ['INVITE', 'UPDATE'] as const) {
      raw.peer.requestIn(raw.invite, method, { headers, body: sdp({ port: raw.rtp.port }) });
      const ok = await raw.peer.response(200, method);
      expect(ok.headers.get('session-expires')).toBe('1800;refresher=uac');
      expect(ok.headers.get('require')).toBe('timer');
      if (method === 'INVITE') raw.peer.ack(ok);
    }
    await until(() => raw.rtp.hears(440));
    await hangUp(raw);
  });

  it.each([
    ['expiresS 0: never asks', { expiresS: 0 }, undefined],
    ['as configured', { expiresS: 600, minSeS: 120 }, '600'],
  ])('%s', async (_name, sessionTimer, expected) => {
    const raw = await talk(start, { trunk: { sessionTimer } });
    expect(raw.invite.headers.get('session-expires')).toBe(expected);
    expect(raw.invite.headers.get('min-se')).toBe(expected && '120');
    await hangUp(raw);
  });

  it('tries again with the Min-SE of a 422, and the call is up', async () => {
    const raw = await ring(start);
    raw.peer.respond(raw.invite, 422, { headers: { 'Min-SE': '7200' } });
    await raw.peer.request('ACK');
    const invite = await raw.peer.request('INVITE');
    expect(invite.headers.get('session-expires')).toBe('7200');
    const again = { ...raw, invite };
    await pickUp(again, {}, { 'Session-Expires': '7200;refresher=uac', Require: 'timer' });
    await until(() => raw.rtp.hears(440));
    expect(await hangUp(again)).toMatchObject({ answered: true });
  });

  it('says 422 to a phone that asks for less than the trunk allows', async () => {
    const { peer, contact } = await outboundWorld(start, { trunk: { sessionTimer: { minSeS: 300 } } });
    peer.requestTo(contact, 'INVITE', {
      user: '7654321098765432',
      headers: { 'Session-Expires': '120', Supported: 'timer' },
      body: sdp({ port: 4_000 }),
    });
    const refusal = await peer.response(422);
    expect(refusal.headers.get('min-se')).toBe('300');
    peer.ack(refusal);
  });
});

/** A dialog of ours whose clock the test moves; its answer to offers is `answer`. */
async function dialog(granted: Record<string, string>, answer: () => string) {
  const clock = new FakeClock();
  const { sip, server } = await startLeg({}, { clock });
  const peer = await Peer.start();
  const { events, inbox } = reports();
  const offered = sdp({ port: 40_000 });
  const sessionTimer = { expiresS: 1_800, minSeS: 90 };
  sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: offered, sessionTimer }, events);
  const invite = await peer.request('INVITE');
  peer.respond(invite, 200, { body: sdp({ port: 50_000 }), headers: granted });
  const answered = await settled(inbox);
  if (answered.what !== 'answered') throw new Error(JSON.stringify(answered));
  await peer.request('ACK');
  const byes = new Inbox<unknown>();
  answered.dialog.attach({
    onBye: byes.push,
    onReinvite: async () => ({ sdp: answer() }),
    onLost: byes.push,
  });
  return { clock, peer, invite, byes, server, dialog: answered.dialog };
}

const OURS = { 'Session-Expires': '1800;refresher=uac', Require: 'timer' };

describe('on the wire, in half an hour', () => {
  it('a refresh of ours repeats what was agreed last: a held call stays held', async () => {
    const held = sdp({ port: 40_000, version: 2, direction: 'inactive' });
    const { clock, peer, invite, server, dialog: ours, byes } = await dialog(OURS, () => held);
    peer.requestIn(invite, 'INVITE', {
      body: sdp({ port: 50_000, version: 2, direction: 'inactive' }),
      headers: { 'Session-Expires': '1800;refresher=uas', Supported: 'timer' },
    });
    peer.ack(await peer.response(200, 'INVITE'));
    await until(() => server.stats().requestsIn['ACK'] === 1);
    clock.advance(905_000);
    const refresh = await peer.request('INVITE');
    expect(readSdp(refresh.body)).toMatchObject({ direction: 'inactive', version: 2 });
    peer.respond(refresh, 200, {
      body: sdp({ port: 50_000, version: 2, direction: 'inactive' }),
      headers: OURS,
    });
    await peer.request('ACK');
    expect(byes.all).toEqual([]);
    void ours.bye();
    peer.respond(await peer.request('BYE'), 200);
  });

  it('a PBX that answers without a timer gets none: a day later the call is still there', async () => {
    const { clock, peer, byes, dialog: ours } = await dialog({}, () => '');
    clock.advance(86_400_000);
    expect(byes.all).toEqual([]);
    expect(peer.received.map(({ method }) => method)).toEqual(['INVITE', 'ACK']);
    void ours.bye();
    peer.respond(await peer.request('BYE'), 200);
  });

  it('a PBX that took the refreshing and is gone: BYE before the session is over', async () => {
    const { clock, peer, byes } = await dialog(
      { 'Session-Expires': '1800;refresher=uas', Require: 'timer' },
      () => '',
    );
    clock.advance(1_768_000);
    peer.respond(await peer.request('BYE'), 200);
    expect(await byes.next()).toMatchObject({ reason: 'Session timer expired' });
  });

  it('a refresh of ours that finds no dialog (481) ends the call', async () => {
    const { clock, peer, byes } = await dialog(OURS, () => '');
    clock.advance(905_000);
    peer.respond(await peer.request('INVITE'), 481);
    await byes.next();
    expect(byes.all).toHaveLength(1);
  });

  it('a refresh of ours that meets one of theirs (491) is tried again, and the call goes on', async () => {
    const { clock, peer, byes, dialog: ours } = await dialog(OURS, () => sdp({ port: 40_000 }));
    clock.advance(905_000);
    peer.respond(await peer.request('INVITE'), 491);
    await peer.request('ACK');
    clock.advance(4_100);
    peer.respond(await peer.request('INVITE'), 200, { body: sdp({ port: 50_000 }), headers: OURS });
    await peer.request('ACK');
    expect(byes.all).toEqual([]);
    void ours.bye();
    peer.respond(await peer.request('BYE'), 200);
  });
});
