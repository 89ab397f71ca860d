import { afterEach, expect, it } from 'vitest';
import { DEMO_PAGE, type World } from '../../src/cli/demo/world.ts';
import { type Message, Peer } from '../sip/support/peer.ts';
import { signed } from './signed.ts';
import { hearEachOther, WirePhone } from './wire-phone.ts';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

/** A world whose one trunk is whoever registers as bob. */
const world = (registrar: object = {}): Promise<World> =>
  start({
    phones: [],
    configure: (yaml) => {
      const sip = yaml['sip'] as Record<string, unknown>;
      sip['registrar'] = { accounts: [{ user: 'bob', password: '${PAGE_TOKEN}' }], ...registrar };
      yaml['trunks'] = { desk: { registered: 'bob', codecs: ['PCMU'], qualify: { everyS: 0 } } };
      yaml['routes'] = { desk: { targets: [{ trunk: 'desk' }] } };
      yaml['outbound'] = { rules: [{ trunk: 'desk', page: DEMO_PAGE }] };
    },
  });

/** Registers a phone as bob; the 200. */
async function register(
  of: World,
  peer: Peer,
  q: number,
  more: Record<string, string> = {},
): Promise<Message> {
  const headers = {
    To: '<sip:bob@gateway>',
    From: '<sip:bob@gateway>;tag=1',
    Contact: `<sip:bob@127.0.0.1:${peer.port}>;q=${q}`,
    Expires: '300',
    ...more,
  };
  await signed(of, peer, 'bob', 'REGISTER', { headers });
  return peer.response(200, 'REGISTER');
}

it('desk phone and softphone ring at once; who answers has the call, the other is told where it went', async () => {
  const of = await world();
  const desk = await WirePhone.start(620);
  const soft = await WirePhone.start(800);
  await register(of, desk.peer, 1);
  await register(of, soft.peer, 1);
  const call = of.simulator.consumer(caller).call({ toneHz: 440 });
  const [first, second] = await Promise.all([desk.peer.request('INVITE'), soft.peer.request('INVITE')]);
  desk.peer.respond(first, 180, { reason: 'Ringing' });
  soft.peer.respond(second, 180, { reason: 'Ringing' });
  soft.pickUp(second);
  await soft.peer.request('ACK');
  const cancel = await desk.peer.request('CANCEL');
  expect(cancel.headers.get('reason')).toBe('SIP;cause=200;text="Call completed elsewhere"');
  desk.peer.respond(cancel, 200);
  desk.peer.respond(first, 487);
  await hearEachOther(soft, call, 440);
  // The desk phone's tone would be heard too, were it let in.
  const [ended] = await Promise.all([soft.byeComes(), call.hangup()]);
  expect(ended.method).toBe('BYE');
  expect(await of.nextRecord()).toMatchObject({
    answered: true,
    target: 'desk/bob',
    attempts: [{ status: 200 }],
  });
  await until(() => of.gateway.calls === 0);
});

it('a phone that picks up a moment too late is hung up, and the talk goes on', async () => {
  const of = await world();
  const desk = await WirePhone.start(620);
  const soft = await WirePhone.start(800);
  await register(of, desk.peer, 1);
  await register(of, soft.peer, 1);
  const call = of.simulator.consumer(caller).call({ toneHz: 440 });
  const [first, second] = await Promise.all([desk.peer.request('INVITE'), soft.peer.request('INVITE')]);
  desk.peer.respond(first, 180, { reason: 'Ringing' });
  soft.pickUp(second);
  await soft.peer.request('ACK');
  desk.peer.respond(await desk.peer.request('CANCEL'), 200);
  desk.pickUp(first);
  await desk.peer.request('ACK');
  await desk.byeComes();
  await hearEachOther(soft, call, 440);
  await Promise.all([soft.byeComes(), call.hangup()]);
  await of.nextRecord();
  await until(() => of.gateway.calls === 0);
});

it('a lower q rings when the higher one has rung for ringMs', async () => {
  const of = await world({ ringMs: 1_000 });
  const desk = await Peer.start();
  const mobile = await WirePhone.start(800);
  await register(of, desk, 0.9);
  await register(of, mobile.peer, 0.2);
  const call = of.simulator.consumer(caller).call({ toneHz: 440 });
  const first = await desk.request('INVITE');
  desk.respond(first, 180, { reason: 'Ringing' });
  const second = await mobile.peer.request('INVITE');
  desk.respond(await desk.request('CANCEL'), 200);
  desk.respond(first, 487);
  mobile.pickUp(second);
  await hearEachOther(mobile, call, 440);
  await Promise.all([mobile.byeComes(), call.hangup()]);
  expect(await of.nextRecord()).toMatchObject({ answered: true, attempts: [{ status: 200 }] });
  await until(() => of.gateway.calls === 0);
});

it('best: only the one with the highest q that came last', async () => {
  const of = await world({ ring: 'best' });
  const [old, best] = [await Peer.start(), await Peer.start()];
  await register(of, old, 1);
  await register(of, best, 1);
  of.simulator.consumer(caller).call({ toneHz: 440 });
  best.respond(await best.request('INVITE'), 486);
  expect(await of.nextRecord()).toMatchObject({ answered: false, sipStatus: 486 });
  await until(() => of.gateway.calls === 0);
  expect(old.received.map(({ method }) => method)).not.toContain('INVITE');
});

it.each(['192.0.2.7', 'edge.example'])(
  'nothing is sent to %s because a Path names it: where the registration came from has it',
  async (elsewhere) => {
    const of = await world();
    const proxy = await Peer.start();
    const path = `<sip:${elsewhere};lr>`;
    await register(of, proxy, 1, { Path: path });
    of.simulator.consumer(caller).call({ toneHz: 440 });
    const invite = await proxy.request('INVITE');
    expect(invite.headers.get('route')).toBe(path);
    proxy.respond(invite, 486);
    await of.nextRecord();
    await until(() => of.gateway.calls === 0);
  },
);

it('a phone behind a proxy is rung through it, by the Path of its registration (RFC 3327)', async () => {
  const of = await world();
  const [phone, proxy] = [await Peer.start(), await Peer.start()];
  const path = `<sip:127.0.0.1:${proxy.port};lr>`;
  const granted = await register(of, phone, 1, { Path: path, Supported: 'path' });
  expect(granted.headers.get('path')).toBe(path);
  expect(granted.headers.get('supported')).toBe('path');
  of.simulator.consumer(caller).call({ toneHz: 440 });
  const invite = await proxy.request('INVITE');
  expect(invite.start).toBe(`INVITE sip:bob@127.0.0.1:${phone.port} SIP/2.0`);
  expect(invite.headers.get('route')).toBe(path);
  proxy.respond(invite, 486);
  await of.nextRecord();
  await until(() => of.gateway.calls === 0);
  expect(phone.received.map(({ method }) => method)).not.toContain('INVITE');
});
