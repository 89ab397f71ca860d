import { expect, test } from 'vitest';
import { type Orphan, orphanOf } from '../../src/sip/index.ts';
import { ControlServer } from './support/control-server.ts';
import { Inbox } from './support/events.ts';
import { leg, reports, SDP, settled } from './support/leg.ts';
import { Peer } from './support/peer.ts';
import { startLeg } from './support/server.ts';

/** A keeper in memory, for a process that "dies". */
function keeper(left: Record<string, Orphan> = {}) {
  const items = new Map(Object.entries(left));
  return {
    items,
    left: [...items].map(([id, item]) => ({ id, item })),
    add: (id: string, item: Orphan) => void items.set(id, item),
    done: (id: string) => void items.delete(id),
  };
}

const dialog: Orphan = {
  kind: 'dialog',
  dialogId: 'c1;from-tag=f1',
  callId: 'c1',
  from: '<sip:a@127.0.0.1>;tag=f1',
  to: '<sip:b@127.0.0.1>;tag=t1',
  target: 'sip:b@127.0.0.1:5099',
};

test('what a process before this one left is ended at the server that kept it, once it is connected', async () => {
  const server = await ControlServer.start();
  const kept = keeper({ d: dialog, i: { kind: 'invite', transactionId: 'tx-1', uri: 'sip:b@127.0.0.1' } });
  const bye = server.next('sip');
  const { states } = await leg({ port: server.port, keeper: kept });
  expect(await states.next()).toBe('connected');
  expect((await bye).rest).toMatch(/^\|c1;from-tag=f1[\s\S]*BYE /);
  const cancel = server.frames.find(({ type, rest }) => type === 'sip' && rest.startsWith('tx-1|'));
  expect(cancel?.rest).toMatch(/CANCEL sip:b@127\.0\.0\.1 /);
  expect([...kept.items.keys()]).toEqual(['d']);

  // It has died as well meanwhile: the BYE is ours to make.
  const own = server.next('sip');
  server.send(`x|response|${(await bye).id}|NOK|Server error: unable to find dialog for dialog id provided`);
  const { rest } = await own;
  expect(rest).toMatch(/^\|[\s\S]*BYE sip:b@127\.0\.0\.1:5099 SIP\/2\.0/);
  for (const line of ['From: <sip:a@127.0.0.1>;tag=f1', 'To: <sip:b@127.0.0.1>;tag=t1', 'Call-ID: c1'])
    expect(rest.toLowerCase()).toContain(line.toLowerCase());
  await server.close();
});

test('a call is kept while it rings and while it is up, with what ends it; a BYE made of that ends it', async () => {
  const kept = keeper();
  const { sip, server } = await startLeg({ keeper: kept });
  const peer = await Peer.start();
  const { events, inbox } = reports();
  sip.invite({ uri: peer.uri, from: { user: 'a' }, headers: {}, sdp: SDP }, events);
  const invite = await peer.request('INVITE');
  await inbox.next();
  expect([...kept.items.values()]).toMatchObject([{ kind: 'invite', uri: peer.uri }]);
  peer.respond(invite, 200, { body: SDP });
  const report = await settled(inbox);
  if (report.what !== 'answered') throw new Error(report.what);
  await peer.request('ACK');
  const [up] = [...kept.items.values()];
  expect(up).toMatchObject({ kind: 'dialog', callId: report.dialog.callId });
  expect(orphanOf(JSON.parse(JSON.stringify(up)))).toEqual(up);

  // Another application, to which this server says that it has no such dialog.
  const other = keeper({ d: up! });
  const second = await leg({ port: server.control.port, keeper: other });
  expect(await second.states.next()).toBe('connected');
  const bye = await peer.request('BYE');
  expect(bye.headers.get('call-id')).toBe(report.dialog.callId);
  expect(bye.headers.get('to')).toContain(`tag=${report.dialog.remoteTag}`);
  expect(bye.headers.get('from')).toContain(`tag=${report.dialog.localTag}`);
  peer.respond(bye, 200);

  const gone = new Inbox<unknown>();
  report.dialog.attach({ onBye: gone.push, onLost: gone.push, onReinvite: async () => ({ status: 488 }) });
  const done = report.dialog.bye();
  peer.respond(await peer.request('BYE'), 200);
  await done;
  expect(kept.items.size).toBe(0);
});

test.each([
  undefined,
  null,
  {},
  { kind: 'dialog', dialogId: 'x' },
  { kind: 'invite', transactionId: 1, uri: 'sip:b' },
  { ...dialog, proxy: 5 },
])('what makes no sense in a file is none: %o', (item) => {
  expect(orphanOf(item)).toBeUndefined();
});
