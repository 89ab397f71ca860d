import { expect, test } from 'vitest';
import type { SipDialog } from '../../src/sip/index.ts';
import { Inbox } from './support/events.ts';
import { reports, SDP, settled } from './support/leg.ts';
import { type Message, Peer } from './support/peer.ts';
import { startCuttableLeg } from './support/server.ts';

async function setUp() {
  const { line, sip, states } = await startCuttableLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  const outbound = sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: SDP }, events);
  const invite = await peer.request('INVITE');
  await inbox.next();
  return { line, sip, states, peer, inbox, outbound, invite };
}

async function answered(): Promise<
  Awaited<ReturnType<typeof setUp>> & {
    dialog: SipDialog;
    lost: Inbox<string>;
    byes: Inbox<unknown>;
    invite: Message;
  }
> {
  const all = await setUp();
  all.peer.respond(all.invite, 200, { body: SDP });
  const report = await settled(all.inbox);
  if (report.what !== 'answered') throw new Error(JSON.stringify(report));
  await all.peer.request('ACK');
  const lost = new Inbox<string>();
  const byes = new Inbox<unknown>();
  report.dialog.attach({ onBye: byes.push, onReinvite: async () => ({ status: 488 }), onLost: lost.push });
  return { ...all, dialog: report.dialog, lost, byes };
}

const once = [expect.objectContaining({ what: 'failed', kind: 'control-lost' })];

test('before any response', async () => {
  const { line, inbox, sip, states } = await setUp();
  line.cut();
  expect(await settled(inbox)).toMatchObject({ kind: 'control-lost' });
  expect(await states.next()).toBe('lost');
  expect(await states.next()).toBe('connected');
  expect(inbox.all.slice(1)).toEqual(once);
  expect(sip.dump()).toEqual({ connected: true, invites: 0, dialogs: 0 });
});

test('while ringing: the phone stops ringing when the line is back', async () => {
  const { line, inbox, peer, invite, outbound } = await setUp();
  peer.respond(invite, 180);
  await inbox.next();
  line.cut();
  expect(await settled(inbox)).toMatchObject({ kind: 'control-lost' });
  outbound.cancel();
  const cancel = await peer.request('CANCEL');
  peer.respond(cancel, 200);
  peer.respond(invite, 487);
  expect(inbox.all.slice(2)).toEqual(once);
});

test('while cancelling', async () => {
  const { line, inbox, outbound } = await setUp();
  outbound.cancel();
  line.cut();
  expect(await settled(inbox)).toMatchObject({ kind: 'control-lost' });
  expect(inbox.all.slice(1)).toEqual(once);
});

test('in a call: the owner is told, the phone is hung up when the line is back, the next call works', async () => {
  const { line, sip, states, dialog, lost, byes, peer } = await answered();
  line.cut();
  expect(await lost.next()).toBe('control-lost');
  expect(dialog.alive).toBe(false);
  await dialog.bye();
  expect(await states.next()).toBe('lost');
  expect(await states.next()).toBe('connected');
  const bye = await peer.request('BYE');
  expect(bye.headers.get('reason')).toBeDefined();
  peer.respond(bye, 200);
  expect([lost.all, byes.all]).toEqual([['control-lost'], []]);
  const next = reports();
  sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: SDP }, next.events);
  peer.respond(await peer.request('INVITE'), 486);
  expect(await settled(next.inbox)).toMatchObject({ status: 486 });
});

test('with a re-INVITE, an INFO and a BYE on their way: all settle', async () => {
  const { line, dialog, peer } = await answered();
  const reinvite = dialog.reinvite(SDP);
  const queued = dialog.reinvite(SDP);
  const info = dialog.info('application/dtmf', '1');
  await peer.request('INVITE');
  await peer.request('INFO');
  line.cut();
  const lost = { ok: false, error: { kind: 'control-lost' } };
  expect(await reinvite).toMatchObject(lost);
  expect(await info).toMatchObject(lost);
  expect(await queued).toMatchObject({ ok: false });
});

test('while hanging up', async () => {
  const { line, dialog, lost, peer } = await answered();
  const ended = dialog.bye();
  await peer.request('BYE');
  line.cut();
  await ended;
  expect(lost.all).toEqual([]);
});

test('while their re-INVITE waits for our answer', async () => {
  const { line, sip, states } = await startCuttableLeg();
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: SDP }, events);
  const invite = await peer.request('INVITE');
  peer.respond(invite, 200, { body: SDP });
  const report = await settled(inbox);
  if (report.what !== 'answered') throw new Error('not answered');
  const asked = new Inbox<void>();
  let answer: (reply: { sdp: string }) => void = () => {};
  report.dialog.attach({
    onBye: () => {},
    onLost: () => {},
    onReinvite: () => {
      asked.push();
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
  });
  peer.requestIn(invite, 'INVITE', { body: SDP });
  await asked.next();
  line.cut();
  expect(await states.next()).toBe('lost');
  answer({ sdp: SDP });
  expect(await states.next()).toBe('connected');
});
