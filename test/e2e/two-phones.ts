import { afterEach, expect, vi } from 'vitest';
import type { World, WorldOptions } from '../../src/cli/demo/world.ts';
import type { ConsumerCall } from '../../src/sim/index.ts';
import type { Message } from '../sip/support/peer.ts';
import { hearEachOther, WirePhone } from './wire-phone.ts';
import { caller, gone, worlds } from './world.ts';

export const CONSUMER_HZ = 440;
export const FIRST_HZ = 620;
export const SECOND_HZ = 880;
/** Ringback of the plan `generic`. */
export const RINGBACK_HZ = 425;

export interface Two {
  readonly world: World;
  readonly call: ConsumerCall;
  readonly first: WirePhone;
  readonly second: WirePhone;
  /** That the first one answered. */
  readonly invite: Message;
  /** Of the second one. */
  readonly there: string;
}

export interface TwoOptions {
  /** Of the first phone. */
  readonly trunk?: object;
  readonly other?: object;
  readonly route?: object;
  readonly law?: 'PCMU' | 'PCMA';
  readonly sip?: object;
  readonly rtp?: object;
  /** What the first phone makes of the To of our INVITE. */
  readonly to?: string;
}

/**
 * Worlds in which a consumer talks with the first of two phones, for the tests of a file; after each nothing of a call is
 * left. Calls take as long as they last, on a machine that may be busy.
 */
export function twoPhones(): {
  readonly start: (options?: WorldOptions) => Promise<World>;
  readonly talking: (more?: TwoOptions) => Promise<Two>;
} {
  vi.setConfig({ testTimeout: 90_000 });
  const { start, closeAll } = worlds();
  afterEach(closeAll);
  return { start, talking: (more) => talking(start, more) };
}

/** A consumer talks with the first phone; there is another one, each a trunk of its own. */
async function talking(
  start: (options: WorldOptions) => Promise<World>,
  more: TwoOptions = {},
): Promise<Two> {
  const first = await WirePhone.start(FIRST_HZ);
  const second = await WirePhone.start(SECOND_HZ, more.law);
  const world = await start({
    phones: [],
    configure: (yaml) => {
      const codecs = ['PCMU', 'PCMA'];
      yaml['trunks'] = {
        first: { host: '127.0.0.1', port: first.port, codecs, ...more.trunk },
        second: { host: '127.0.0.1', port: second.port, codecs, transferTo: ['2??'], ...more.other },
      };
      yaml['routes'] = { desk: { targets: [{ trunk: 'first', user: '100' }], ...more.route } };
      Object.assign(yaml['sip'] as object, more.sip);
      Object.assign(yaml['rtp'] as object, more.rtp);
    },
  });
  const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
  const invite = await first.answer({}, more.to);
  await hearEachOther(first, call, CONSUMER_HZ);
  return { world, call, first, second, invite, there: `<sip:200@127.0.0.1:${second.port}>` };
}

export async function hungUpByConsumer(
  { world, call }: Two,
  phone: WirePhone,
): Promise<Record<string, unknown>> {
  await Promise.all([phone.byeComes(), call.hangup()]);
  const record = await world.nextRecord();
  await gone(world);
  return record;
}

/** What an INVITE says to take the place of the phone that answered `invite`. */
export function replacing(invite: Message, phone: WirePhone): string {
  const ours = /tag=([^;]+)/.exec(invite.headers.get('from') ?? '')?.[1] ?? '';
  return `${invite.headers.get('call-id')};to-tag=${ours};from-tag=${phone.peer.tag}`;
}

/** Where the gateway takes SIP. */
export function sipAt(world: World): { address: string; port: number } {
  const [at] = world.gateway.sipContacts;
  expect(at).toBeDefined();
  return at ?? { address: '', port: 0 };
}
