import { expect, test } from 'vitest';
import { forkInvite, type InviteOptions, type OutboundInvite } from '../../src/sip/index.ts';
import type { Inbox } from './support/events.ts';
import { type Report, reports, SDP, settled } from './support/leg.ts';
import { type Message, Peer } from './support/peer.ts';
import { startLeg } from './support/server.ts';

const ANSWER = SDP.replace('40000', '50000');

/** Rings groups of peers; those of the first ones no longer than `ringTimeoutMs`. */
async function forking(
  groups: readonly (readonly Peer[])[],
  ringTimeoutMs = 20_000,
): Promise<{ invite: OutboundInvite; inbox: Inbox<Report>; dump: () => object }> {
  const { sip } = await startLeg();
  const { events, inbox } = reports();
  const options = (peer: Peer): InviteOptions => ({
    uri: peer.uri,
    from: { user: '4711' },
    headers: {},
    sdp: SDP,
    ringTimeoutMs,
  });
  const invite = forkInvite(
    (each, heard) => sip.invite(each, heard),
    groups.map((group) => group.map(options)),
    events,
  );
  return { invite, inbox, dump: () => sip.dump() };
}

const peers = (count: number): Promise<Peer[]> =>
  Promise.all(Array.from({ length: count }, () => Peer.start()));

/** Takes the CANCEL of an INVITE; its Reason. */
async function cancelled(peer: Peer, invite: Message): Promise<string | undefined> {
  const cancel = await peer.request('CANCEL');
  peer.respond(cancel, 200);
  peer.respond(invite, 487);
  await peer.request('ACK');
  return cancel.headers.get('reason');
}

test('all of one group ring at once; the first 200 wins, the others hear that it was answered elsewhere', async () => {
  const [one, two, three] = (await peers(3)) as [Peer, Peer, Peer];
  const { inbox } = await forking([[one, two, three]]);
  const invites = await Promise.all([one, two, three].map((peer) => peer.request('INVITE')));
  const [first, second, third] = invites as [Message, Message, Message];
  expect(new Set(invites.map(({ headers }) => headers.get('call-id'))).size).toBe(3);
  for (const [peer, invite] of [
    [one, first],
    [two, second],
    [three, third],
  ] as const)
    peer.respond(invite, 180, { reason: 'Ringing' });
  two.respond(second, 200, { body: ANSWER });
  const answered = await settled(inbox);
  expect(answered).toMatchObject({ what: 'answered', dialog: { remoteTag: two.tag } });
  expect(inbox.all.filter(({ what }) => what === 'provisional')).toHaveLength(3);
  const elsewhere = 'SIP;cause=200;text="Call completed elsewhere"';
  expect(await cancelled(one, first)).toBe(elsewhere);
  expect(await cancelled(three, third)).toBe(elsewhere);
  expect(inbox.all.filter(({ what }) => what === 'answered' || what === 'failed')).toHaveLength(1);
});

test('a 200 that crosses the CANCEL is ACKed and hung up; the call stays where it is', async () => {
  const [one, two] = (await peers(2)) as [Peer, Peer];
  const { inbox } = await forking([[one, two]]);
  const [first, second] = (await Promise.all([one, two].map((peer) => peer.request('INVITE')))) as [
    Message,
    Message,
  ];
  two.respond(second, 180);
  one.respond(first, 200, { body: ANSWER });
  const answered = await settled(inbox);
  two.respond(await two.request('CANCEL'), 200);
  two.respond(second, 200, { body: ANSWER });
  await two.request('ACK');
  two.respond(await two.request('BYE'), 200);
  expect(answered).toMatchObject({ dialog: { remoteTag: one.tag, alive: true } });
  expect(one.received.map(({ method }) => method)).not.toContain('BYE');
});

test('the next group rings when nobody of the first is left', async () => {
  const [one, two, three] = (await peers(3)) as [Peer, Peer, Peer];
  const { inbox } = await forking([[one, two], [three]]);
  one.respond(await one.request('INVITE'), 404);
  const second = await two.request('INVITE');
  expect(three.received).toEqual([]);
  two.respond(second, 480);
  const third = await three.request('INVITE');
  three.respond(third, 200, { body: ANSWER });
  expect(await settled(inbox)).toMatchObject({ what: 'answered', dialog: { remoteTag: three.tag } });
});

test('a group that rings too long makes room for the next', async () => {
  const [one, two] = (await peers(2)) as [Peer, Peer];
  const { inbox } = await forking([[one], [two]], 300);
  const first = await one.request('INVITE');
  one.respond(first, 180);
  const second = await two.request('INVITE');
  expect(await cancelled(one, first)).toContain('cause=408');
  two.respond(second, 486);
  expect(await settled(inbox)).toMatchObject({ what: 'failed', status: 486 });
});

test.each([
  [[404, 486], 486],
  [[486, 503], 486],
  [[503, 404], 404],
  [[500, 503], 500],
  [[302, 486], 302],
])('of several failures (%j) the best counts: %i', async (statuses, best) => {
  const all = await peers(2);
  const { inbox } = await forking([all]);
  const invites = await Promise.all(all.map((peer) => peer.request('INVITE')));
  statuses.forEach((status, i) => {
    all[i]!.respond(invites[i]!, status, { headers: status === 302 ? { Contact: '<sip:x@127.0.0.1>' } : {} });
  });
  expect(await settled(inbox)).toMatchObject({ what: 'failed', status: best });
});

test('603 of one is the word of all: the others are cancelled, and nobody else rings', async () => {
  const [one, two, three] = (await peers(3)) as [Peer, Peer, Peer];
  const { inbox } = await forking([[one, two], [three]]);
  const first = await one.request('INVITE');
  const second = await two.request('INVITE');
  two.respond(second, 180);
  one.respond(first, 603);
  expect(await cancelled(two, second)).toContain('SIP;cause=603');
  expect(await settled(inbox)).toMatchObject({ what: 'failed', status: 603 });
  expect(three.received).toEqual([]);
});

test('cancel() cancels every branch, and is told once', async () => {
  const [one, two, three] = (await peers(3)) as [Peer, Peer, Peer];
  const { invite, inbox, dump } = await forking([[one, two], [three]]);
  const first = await one.request('INVITE');
  const second = await two.request('INVITE');
  one.respond(first, 180);
  two.respond(second, 180);
  while (inbox.all.filter(({ what }) => what === 'provisional').length < 2) await inbox.next();
  invite.cancel({ protocol: 'Q.850', cause: 16, text: 'gone' });
  expect(await cancelled(one, first)).toContain('Q.850;cause=16');
  expect(await cancelled(two, second)).toContain('Q.850;cause=16');
  expect(await settled(inbox)).toMatchObject({ what: 'failed', kind: 'cancelled' });
  expect(three.received).toEqual([]);
  expect(dump()).toMatchObject({ invites: 0, dialogs: 0 });
});
