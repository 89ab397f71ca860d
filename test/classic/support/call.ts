import { expect } from 'vitest';
import type { World, WorldOptions } from '../../../src/cli/demo/world.ts';
import type { ConsumerCall } from '../../../src/sim/index.ts';
import { caller, until, type worlds } from '../../e2e/world.ts';
import { type Message, Peer } from '../../sip/support/peer.ts';
import { hears } from '../../support/hears.ts';
import { RtpEnd } from '../../support/rtp-end.ts';
import { type AudioSdp, readSdp, sdp } from './sdp.ts';

export const CONSUMER_HZ = 440;
export const PHONE_HZ = 620;

/** A call of a consumer's at a phone that is two sockets: SIP and RTP, message by message. */
export interface RawCall {
  readonly world: World;
  readonly call: ConsumerCall;
  readonly peer: Peer;
  readonly rtp: RtpEnd;
  readonly invite: Message;
  /** Where the gateway wants the phone's RTP. */
  readonly gatewayRtp: number;
}

type Start = ReturnType<typeof worlds>['start'];

export interface RawOptions extends WorldOptions {
  /** Of the route. */
  readonly route?: object;
  /** Of the trunk. */
  readonly trunk?: object;
  /** Further phones, rung after the first one. */
  readonly next?: readonly Peer[];
  readonly consumer?: Parameters<ReturnType<World['simulator']['consumer']>['call']>[0];
}

/** The gateway's INVITE is at the phone, which has said nothing yet. */
export async function ring(start: Start, options: RawOptions = {}): Promise<RawCall> {
  const peer = await Peer.start();
  const rtp = await RtpEnd.start();
  const { route = {}, trunk = {}, next = [], consumer = { toneHz: CONSUMER_HZ }, ...rest } = options;
  const world = await start({
    phone: { user: '100', host: '127.0.0.1', port: peer.port },
    ...rest,
    configure: (yaml) => {
      const routes = yaml['routes'] as { desk: { targets: object[] } };
      const trunks = yaml['trunks'] as Record<string, object>;
      Object.assign(trunks['phone1'] as object, trunk);
      next.forEach(({ port }, i) => {
        const name = `next${i + 1}`;
        trunks[name] = { host: '127.0.0.1', port, codecs: rest.codecs ?? ['PCMU'] };
        routes.desk.targets.push({ trunk: name, user: '100' });
      });
      Object.assign(routes.desk, route);
      rest.configure?.(yaml);
    },
  });
  const call = world.simulator.consumer(caller).call(consumer);
  const invite = await peer.request('INVITE');
  return { world, call, peer, rtp, invite, gatewayRtp: readSdp(invite.body).port };
}

/** The phone answers and both talk. */
export async function talk(
  start: Start,
  options: RawOptions = {},
  answer: Partial<AudioSdp> = {},
): Promise<RawCall> {
  const raw = await ring(start, options);
  await pickUp(raw, answer);
  await until(() => consumerHears(raw, PHONE_HZ) && raw.rtp.hears(CONSUMER_HZ));
  return raw;
}

/** 200, ACK, a tone. */
export async function pickUp(
  { peer, rtp, invite, gatewayRtp }: RawCall,
  answer: Partial<AudioSdp> = {},
  headers: Record<string, string> = {},
  /** Where the ACK goes. */
  hop: Peer = peer,
): Promise<void> {
  peer.respond(invite, 200, {
    body: sdp({ port: rtp.port, ...answer }),
    headers: { Allow: 'INVITE, ACK, CANCEL, BYE, UPDATE, INFO', ...headers },
  });
  await hop.request('ACK');
  rtp.talk(PHONE_HZ, { port: gatewayRtp });
}

/** Of the last half second. */
export function consumerHears({ call }: Pick<RawCall, 'call'>, hz: number): boolean {
  return hears(call.recording(), hz);
}

/** An offer of the phone's by re-INVITE or UPDATE; the gateway's answer, ACKed, and its media worker does as agreed. */
export async function offer(
  { peer, invite, world }: RawCall,
  body: string,
  method: 'INVITE' | 'UPDATE' = 'INVITE',
): Promise<Message> {
  peer.requestIn(invite, method, { body });
  const ok = await peer.response(200, method);
  if (method === 'INVITE') peer.ack(ok);
  // A worker does one thing after the other: when it has answered this, it has the plan.
  await world.gateway.inventory();
  return ok;
}

/** The consumer hangs up; the phone gets its BYE. Returns the record. */
export async function hangUp({ world, call, peer }: RawCall): Promise<Record<string, unknown>> {
  const [bye] = await Promise.all([peer.request('BYE'), call.hangup()]);
  peer.respond(bye, 200);
  const record = await world.nextRecord();
  await until(() => world.gateway.calls === 0);
  expect(peer.received.filter(({ method }) => method === 'BYE')).toHaveLength(1);
  return record;
}
