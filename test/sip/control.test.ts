import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { GatewayError } from '../../src/shared/error.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { ControlServer } from './support/control-server.ts';
import { Inbox } from './support/events.ts';
import { leg, reports, SDP, settled } from './support/leg.ts';

async function controlServer(port = 0): Promise<ControlServer> {
  const server = await ControlServer.start(port);
  onTestFinished(() => server.close());
  return server;
}

/** Lets sockets work until `condition` holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const invitation = { uri: 'sip:100@127.0.0.1:5999', from: { user: 'a' }, headers: {}, sdp: SDP };

test('it connects, asks for its routes and knows where the server listens', async () => {
  const server = await controlServer();
  const { sip, states } = await leg({ port: server.port });
  expect(sip.connected).toBe(true);
  expect(sip.contacts).toEqual(['udp/127.0.0.1:5060']);
  expect(await states.next()).toBe('connected');
  await until(() => server.frames.filter(({ type }) => type === 'route').length === 9);
  expect(server.frames.filter(({ type }) => type === 'route').map(({ rest }) => rest)).toContain('invite');
});

test('a wrong secret is told apart, and not tried again', async () => {
  const server = await controlServer();
  server.greeting = 'NO|incorrect secret';
  const error = await leg({ port: server.port }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(GatewayError);
  expect(error).toMatchObject({ code: 'SIP_SECRET_REFUSED', detail: { port: server.port } });
  expect(server.connections).toBe(1);
});

test('nobody there', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as { port: number };
  gone.close();
  await expect(leg({ port })).rejects.toMatchObject({ code: 'SIP_CONTROL_UNREACHABLE' });
});

test('a server that says nothing is given up after connectTimeoutMs', async () => {
  const server = await controlServer();
  server.greeting = undefined;
  const clock = new FakeClock();
  const connecting = leg({ port: server.port, clock, connectTimeoutMs: 3_000 });
  const outcome = connecting.catch((reason: unknown) => reason);
  await server.next('authenticate');
  clock.advance(3_000);
  expect(await outcome).toMatchObject({ code: 'SIP_CONTROL_UNREACHABLE' });
  expect(clock.armed).toBe(0);
});

test('an invite that the server never took settles when the line is cut, exactly once', async () => {
  const server = await controlServer();
  const { sip, states } = await leg({ port: server.port });
  const { events, inbox } = reports();
  const sent = server.next('sip');
  sip.invite(invitation, events);
  await sent;
  expect(inbox.all).toEqual([]);
  server.cut();
  expect(await settled(inbox)).toMatchObject({ what: 'failed', kind: 'control-lost', status: 503 });
  expect(await states.next()).toBe('connected');
  expect(await states.next()).toBe('lost');
  expect(sip.connected).toBe(false);
  expect(sip.dump()).toEqual({ connected: false, invites: 0, dialogs: 0 });
  const late = reports();
  sip.invite(invitation, late.events);
  expect(late.inbox.all).toEqual([]);
  expect(await settled(late.inbox)).toMatchObject({ what: 'failed', kind: 'control-lost' });
});

test('it reconnects with a growing, bounded delay', async () => {
  const server = await controlServer();
  const clock = new FakeClock();
  const failed = new Inbox<string>();
  const log = { ...silentLog, warn: (_fields: object, event: string) => failed.push(event) };
  const { states } = await leg({ port: server.port, clock, log, reconnect: { minMs: 100, maxMs: 300 } });
  await states.next();
  server.greeting = undefined;
  const delays = [100, 200, 300, 300];
  for (const [index, delay] of delays.entries()) {
    server.cut();
    if (index === 0) expect(await states.next()).toBe('lost');
    else expect(await failed.next()).toBe('sip.reconnect-failed');
    clock.advance(delay - 1);
    expect(server.connections).toBe(index + 1);
    const attempt = server.next('authenticate');
    clock.advance(1);
    await attempt;
  }
  server.greeting = 'OK|udp/127.0.0.1:5070|v0.9.4|udp/127.0.0.1:5070';
  server.cut();
  await failed.next();
  clock.advance(300);
  expect(await states.next()).toBe('connected');
});

test.each([
  ['a frame of an unknown type', '12#x|surprise|y'],
  ['bytes that are no frame', 'nonsense#nonsense'],
])('%s costs the connection, not the process', async (_what, bytes) => {
  const server = await controlServer();
  const { sip, states } = await leg({ port: server.port });
  await states.next();
  server.sendRaw(bytes);
  expect(await states.next()).toBe('lost');
  expect(await states.next()).toBe('connected');
  expect(sip.connected).toBe(true);
});

test('a 200 behind our CANCEL is ACKed and hung up by us, whatever the server itself does with it', async () => {
  const server = await controlServer();
  const { sip } = await leg({ port: server.port });
  const { events, inbox } = reports();
  const sent = server.next('sip');
  const invite = sip.invite(invitation, events);
  const frame = await sent;
  invite.cancel({ protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' });
  server.answer(frame, 't1', 'c1;from-tag=f1', SDP);
  const said = (start: string): string | undefined =>
    server.frames.find(({ type, rest }) => type === 'sip' && rest.includes(start))?.rest;
  await until(() => said('BYE ') !== undefined);
  expect(said('ACK ')).toContain('c1;from-tag=f1');
  expect(said('BYE ')).toContain('c1;from-tag=f1');
  expect(said('BYE ')).toContain('Reason: SIP;cause=200;text="Call completed elsewhere"');
  expect(inbox.all.filter(({ what }) => what === 'answered')).toEqual([]);
});

test('a malformed SIP message is passed over', async () => {
  const server = await controlServer();
  const { sip } = await leg({ port: server.port });
  server.send('x|sip|network|9|udp|127.0.0.1|9|00:00:00.0|t1||\r\nnot SIP at all');
  const routed = server.next('sip');
  server.send(
    'x|sip|network|9|udp|127.0.0.1|9|00:00:00.0|t2||\r\n' +
      'OPTIONS sip:x SIP/2.0\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nContent-Length: 0\r\n\r\n',
  );
  expect((await routed).rest).toContain('SIP/2.0 200 OK');
  expect(sip.connected).toBe(true);
});

test('a server that falls silent is noticed by its missing pongs', async () => {
  const server = await controlServer();
  const clock = new FakeClock();
  const { states } = await leg({ port: server.port, clock });
  await states.next();
  for (let i = 0; i < 5; i++) {
    const ping = server.next('ping');
    await until(() => clock.armed === 1);
    clock.advance(15_000);
    await ping;
    // On loopback the pong is there after the next poll of the event loop.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(states.all).toEqual(['connected']);
  server.answerPings = false;
  for (let i = 0; i < 4; i++) {
    await until(() => clock.armed === 1);
    clock.advance(15_000);
  }
  expect(await states.next()).toBe('lost');
});

test('closing while disconnected leaves nothing behind', async () => {
  const server = await controlServer();
  const clock = new FakeClock();
  const { sip, states } = await leg({ port: server.port, clock });
  await states.next();
  server.cut();
  await states.next();
  await sip.close();
  await sip.close();
  expect(clock.armed).toBe(0);
});

test('dialogs of a lost line are hung up on the next one', async () => {
  const server = await controlServer();
  const { sip, states } = await leg({ port: server.port, requestTimeoutMs: 100, reconnect: { minMs: 10 } });
  await states.next();
  const { events, inbox } = reports();
  const sent = server.next('sip');
  sip.invite(invitation, events);
  server.answer(await sent, 'txn-1', 'c1;from-tag=f1', SDP);
  expect(await settled(inbox)).toMatchObject({ what: 'answered', sdp: SDP });
  const next = (async () => {
    for (;;) {
      const frame = await server.next('sip');
      if (!frame.rest.includes('ACK sip:')) return frame;
    }
  })();
  server.cut();
  const bye = await next;
  expect(bye.rest).toContain('|c1;from-tag=f1\r\nBYE ');
  expect(bye.rest).toContain('Reason: Q.850;cause=41');
});
