import { afterEach, expect, it } from 'vitest';
import { until, worlds } from '../e2e/world.ts';
import { type Message, Peer } from '../sip/support/peer.ts';
import { hangUp, offer, pickUp, type RawCall, ring, talk } from './support/call.ts';
import { dial } from './support/dial.ts';
import { sdp } from './support/sdp.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

/** What SIP itself needs, and what the gateway is documented to say. Whatever else goes out is a leak. */
const SIP = [
  ...['via', 'from', 'to', 'call-id', 'cseq', 'max-forwards', 'contact', 'content-length', 'content-type'],
  ...[
    'allow',
    'supported',
    'require',
    'user-agent',
    'accept',
    'reason',
    'route',
    'record-route',
    'retry-after',
  ],
  ...['session-expires', 'min-se', 'rack', 'rseq', 'date'],
];
const CALLER = ['p-asserted-identity', 'remote-party-id', 'privacy'];
const META = ['x-meta-call-id', 'x-meta-page-id', 'x-meta-psid', 'x-meta-platform', 'x-meta-voip-only'];
const SECRETS = ['demo-page-token', 'demo-app-secret', 'demo-verify-token', 'DRACHTIO', 'drachtio'];

const unknown = ({ headers }: Message, known: readonly string[]): string[] =>
  [...headers.keys()].filter((name) => !known.includes(name));

function isClean(message: Message, known: readonly string[] = SIP): void {
  expect(unknown(message, known), message.start).toEqual([]);
  const text = `${message.start}${[...message.headers].join('\n')}${message.body}`;
  for (const secret of SECRETS) expect(text).not.toContain(secret);
}

it('an INVITE says who calls and which call it is, and nothing else', async () => {
  const raw = await ring(start);
  isClean(raw.invite, [...SIP, ...CALLER, ...META]);
  await pickUp(raw);
  await until(() => raw.rtp.hears(440));
  await hangUp(raw);
});

it('what follows in the call says less: no caller, no page, no id in ACK, BYE, CANCEL and answers', async () => {
  const raw = await talk(start);
  isClean(await offer(raw, sdp({ port: raw.rtp.port, version: 2 })));
  isClean(await offer(raw, sdp({ port: raw.rtp.port, version: 3 }), 'UPDATE'));
  await hangUp(raw);
  for (const message of raw.peer.received)
    if (!message.start.startsWith('INVITE') && message.method !== 'OPTIONS') isClean(message);
  const ringing = await ring(start);
  ringing.peer.respond(ringing.invite, 180);
  await ringing.call.hangup();
  const cancel = await ringing.peer.request('CANCEL');
  isClean(cancel);
  ringing.peer.respond(cancel, 200);
  ringing.peer.respond(ringing.invite, 487);
  await ringing.world.nextRecord();
  await until(() => ringing.world.gateway.calls === 0);
});

it('credentials of one trunk never reach another, and neither do what the first one said', async () => {
  const next = await Peer.start();
  process.env['TEST_TRUNK_PASSWORD'] = 'correct horse';
  const raw = await ring(start, {
    next: [next],
    trunk: { credentials: { username: 'gateway', password: '$' + '{TEST_TRUNK_PASSWORD}' } },
  });
  const { peer, invite, world } = raw;
  peer.respond(invite, 401, {
    headers: { 'WWW-Authenticate': 'Digest realm="pbx", nonce="n1", qop="auth"' },
  });
  await peer.request('ACK');
  const again = await peer.request('INVITE');
  expect(again.headers.get('authorization')).toContain('username="gateway"');
  expect([...again.headers].join()).not.toContain('correct horse');
  peer.respond(again, 503, { headers: { 'X-Internal': 'node-7', Warning: '399 pbx "out of channels"' } });
  const second = await next.request('INVITE');
  isClean(second, [...SIP, ...CALLER, ...META]);
  expect(second.headers.get('call-id')).not.toBe(again.headers.get('call-id'));
  next.respond(second, 486);
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
});

it('headers that a phone sends come back to nobody: neither to it nor to Meta', async () => {
  const raw = await dial(start, {
    body: ({ port }) => sdp({ port }),
    headers: { 'X-Internal-Route': 'vlan-12', 'P-Charging-Vector': 'icid-value=secret', Subject: 'vlan-12' },
  });
  const { peer, consumer, world } = raw;
  const ok = await peer.response(200, 'INVITE');
  for (const message of peer.received.filter(({ status }) => status > 0)) {
    isClean(message);
    expect([...message.headers].join()).not.toMatch(/vlan-12|icid-value/);
  }
  peer.ack(ok);
  expect(JSON.stringify(world.simulator.events)).not.toMatch(/vlan-12|icid-value/);
  const done = consumer.hangup();
  peer.respond(await peer.request('BYE'), 200);
  await done;
  const record = await world.nextRecord();
  expect(JSON.stringify(record)).not.toMatch(/vlan-12|icid-value/);
  await until(() => world.gateway.calls === 0);
});

it('behind NAT the SDP has the external address, and the internal one nowhere', async () => {
  const raw: RawCall = await ring(start, {
    configure: (yaml) => {
      Object.assign(yaml['rtp'] as object, { address: '127.0.0.1', externalAddress: '203.0.113.9' });
    },
  });
  expect(raw.invite.body).toContain('c=IN IP4 203.0.113.9');
  expect(raw.invite.body).not.toContain('127.0.0.1');
  await pickUp(raw);
  await until(() => raw.rtp.hears(440));
  await hangUp(raw);
});
