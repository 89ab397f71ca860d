import { describe, expect, test } from 'vitest';
import type { InviteEvents, SipControl } from '../../src/sip/index.ts';
import { Inbox } from './support/events.ts';
import { type Report, reports, SDP, settled } from './support/leg.ts';
import { type Message, Peer } from './support/peer.ts';
import { startLeg } from './support/server.ts';

const version = (port: number, number: number): string =>
  SDP.replace('40000', String(port)).replace('o=- 1 1 ', `o=- 1 ${number} `);

type Update = Parameters<NonNullable<InviteEvents['onUpdate']>>[0];

/** An INVITE at a peer; UPDATEs get the SDP `ours`, or what `answer` says. */
async function inviting(
  answer: () => { sdp: string } | { status: number } = () => ({ sdp: 'ours' }),
): Promise<{
  sip: SipControl;
  peer: Peer;
  invite: Message;
  updates: Inbox<Update>;
  said: Inbox<object>;
  inbox: Inbox<Report>;
  cancel: () => void;
}> {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const updates = new Inbox<Update>();
  const said = new Inbox<object>();
  const { events, inbox } = reports();
  const onUpdate = (update: Update) => {
    updates.push(update);
    return answer();
  };
  const pending = sip.invite(
    { uri: peer.uri, from: { user: '4711' }, headers: {}, sdp: SDP },
    { ...events, onUpdate, onEarlyMedia: said.push },
  );
  const invite = await peer.request('INVITE');
  return { sip, peer, invite, updates, said, inbox, cancel: () => pending.cancel() };
}

describe('an offer by UPDATE before the answer (RFC 3311)', () => {
  test('is answered by the owner once our offer is, and counts for the dialog that comes of it', async () => {
    const { peer, invite, updates, inbox } = await inviting();
    peer.respond(invite, 183, {
      body: version(50_000, 1),
      headers: { Require: '100rel', RSeq: '1' },
    });
    peer.respond(await peer.request('PRACK'), 200);
    peer.requestIn(invite, 'UPDATE', {
      body: version(50_002, 2),
      headers: { 'P-Early-Media': 'sendrecv, gated' },
    });
    const answer = await peer.response(200, 'UPDATE');
    expect(answer.body).toBe('ours');
    expect(answer.headers.get('content-type')).toBe('application/sdp');
    expect(await updates.next()).toEqual({
      toTag: peer.tag,
      sdp: version(50_002, 2),
      earlyMedia: 'sendrecv',
    });
    peer.respond(invite, 200);
    expect(await settled(inbox)).toMatchObject({ what: 'answered', isUpdated: true });
  });

  test('is not undone by the first answer said again, but by a newer one', async () => {
    for (const [last, isUpdated] of [
      [1, true],
      [2, true],
      [3, false],
    ] as const) {
      const { peer, invite, inbox } = await inviting();
      peer.respond(invite, 183, { body: version(50_000, 1) });
      peer.requestIn(invite, 'UPDATE', { body: version(50_002, 2) });
      await peer.response(200, 'UPDATE');
      peer.respond(invite, 180, { body: version(50_000, 1) });
      peer.respond(invite, 200, { body: version(50_004, last) });
      expect(await settled(inbox)).toMatchObject({ what: 'answered', isUpdated });
    }
  });

  test('491 until our own offer has its answer in that fork', async () => {
    const { peer, invite, updates } = await inviting();
    peer.respond(invite, 183, { body: version(50_000, 1), tag: 'one' });
    peer.respond(invite, 180, { tag: 'two' });
    const from = (tag: string) => ({ From: `${invite.headers.get('to')};tag=${tag}` });
    peer.requestIn(invite, 'UPDATE', { body: version(50_002, 2), headers: from('two') });
    await peer.response(491, 'UPDATE');
    peer.requestIn(invite, 'UPDATE', { body: version(50_004, 2), headers: from('one') });
    await peer.response(200, 'UPDATE');
    expect(updates.all.map(({ toTag }) => toTag)).toEqual(['one']);
  });

  test('the owner may refuse it, and no body that is no SDP comes to it', async () => {
    const { peer, invite, updates, inbox } = await inviting(() => ({ status: 488 }));
    peer.respond(invite, 183, { body: version(50_000, 1) });
    peer.requestIn(invite, 'UPDATE', { body: version(50_002, 2) });
    await peer.response(488, 'UPDATE');
    peer.requestIn(invite, 'UPDATE', { body: 'x', headers: { 'Content-Type': 'text/plain' } });
    await peer.response(415, 'UPDATE');
    expect(updates.all).toHaveLength(1);
    peer.respond(invite, 200, { body: version(50_000, 1) });
    expect(await settled(inbox)).toMatchObject({ what: 'answered', isUpdated: false });
  });

  test('487 once the INVITE is being cancelled', async () => {
    const { peer, invite, updates, cancel, inbox } = await inviting();
    peer.respond(invite, 183, { body: version(50_000, 1) });
    while ((await inbox.next()).what !== 'provisional');
    cancel();
    await peer.request('CANCEL');
    peer.requestIn(invite, 'UPDATE', { body: version(50_002, 2) });
    await peer.response(487, 'UPDATE');
    expect(updates.all).toEqual([]);
  });

  test('of a caller whose first offer is not answered yet: 500 with Retry-After; without an offer 200', async () => {
    const invited = new Inbox<{ progress(status: number): void }>();
    const { server } = await startLeg({ onIncomingInvite: invited.push });
    const peer = await Peer.start();
    const at = `udp/127.0.0.1:${server.contacts[0]!.port}`;
    const headers = { 'Call-ID': 'caller-1' };
    peer.requestTo(at, 'INVITE', { body: SDP, headers });
    (await invited.next()).progress(180);
    const ringing = await peer.response(180, 'INVITE');
    const inside = { To: ringing.headers.get('to')!, 'Call-ID': 'caller-1' };
    peer.requestTo(at, 'UPDATE', { headers: inside });
    await peer.response(200, 'UPDATE');
    peer.requestTo(at, 'UPDATE', { headers: inside, body: version(50_002, 2) });
    const refused = await peer.response(500, 'UPDATE');
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(10);
  });
});

describe('P-Early-Media (RFC 5009)', () => {
  test.each([
    ['sendrecv', 'sendrecv'],
    ['SendOnly, gated', 'sendonly'],
    ['gated, inactive', 'inactive'],
    ['supported', undefined],
    ['gated', undefined],
  ])('of a 18x: %s', async (value, earlyMedia) => {
    const { peer, invite, inbox } = await inviting();
    peer.respond(invite, 183, { headers: { 'P-Early-Media': value } });
    await inbox.next();
    const told = await inbox.next();
    expect('earlyMedia' in told ? told.earlyMedia : undefined).toBe(earlyMedia);
  });

  test('of the answer to a PRACK, and of an UPDATE without an offer', async () => {
    const { peer, invite, said } = await inviting();
    peer.respond(invite, 183, {
      body: version(50_000, 1),
      headers: { Require: '100rel', RSeq: '7' },
    });
    const prack = await peer.request('PRACK');
    expect(prack.headers.get('rack')).toBe(`7 ${invite.headers.get('cseq')}`);
    peer.respond(prack, 200, { headers: { 'P-Early-Media': 'sendonly' } });
    expect(await said.next()).toEqual({ toTag: peer.tag, earlyMedia: 'sendonly' });
    peer.requestIn(invite, 'UPDATE', { headers: { 'P-Early-Media': 'inactive' } });
    await peer.response(200, 'UPDATE');
    expect(await said.next()).toEqual({ toTag: peer.tag, earlyMedia: 'inactive' });
  });
});
