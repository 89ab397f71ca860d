import { afterEach, describe, expect, it, vi } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import type { ConsumerCall } from '../../src/sim/index.ts';
import type { Message } from '../sip/support/peer.ts';
import { consumerHears, hearEachOther, WirePhone } from './wire-phone.ts';
import { caller, graphOf, until, worlds } from './world.ts';

/** Calls take as long as they last, on a machine that may be busy. */
vi.setConfig({ testTimeout: 90_000 });

const CONSUMER_HZ = 440;
const FIRST_HZ = 620;
const SECOND_HZ = 880;
/** Ringback of the plan `generic`. */
const RINGBACK_HZ = 425;

const { start, closeAll } = worlds();
afterEach(closeAll);

interface Two {
  readonly world: World;
  readonly call: ConsumerCall;
  readonly first: WirePhone;
  readonly second: WirePhone;
  /** That the first one answered. */
  readonly invite: Message;
  /** Of the second one. */
  readonly there: string;
}

/** A consumer talks with the first phone; there is another one. */
async function talking(more: { trunk?: object; law?: 'PCMU' | 'PCMA'; sip?: object } = {}): Promise<Two> {
  const first = await WirePhone.start(FIRST_HZ);
  const second = await WirePhone.start(SECOND_HZ, more.law);
  const world = await start({
    phones: [],
    configure: (yaml) => {
      const codecs = ['PCMU', 'PCMA'];
      yaml['trunks'] = {
        first: { host: '127.0.0.1', port: first.port, codecs, ...more.trunk },
        second: { host: '127.0.0.1', port: second.port, codecs, transferTo: ['2??'] },
      };
      yaml['routes'] = { desk: { targets: [{ trunk: 'first', user: '100' }] } };
      Object.assign(yaml['sip'] as object, more.sip);
    },
  });
  const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
  const invite = await first.answer();
  await hearEachOther(first, call, CONSUMER_HZ);
  return { world, call, first, second, invite, there: `<sip:200@127.0.0.1:${second.port}>` };
}

const gone = (world: World): Promise<void> => until(() => world.gateway.calls === 0);

async function hungUpByConsumer({ world, call }: Two, phone: WirePhone): Promise<Record<string, unknown>> {
  await Promise.all([phone.byeComes(), call.hangup()]);
  const record = await world.nextRecord();
  await gone(world);
  return record;
}

describe('a blind transfer', () => {
  it.each([['PCMU'], ['PCMA']] as const)(
    'brings the consumer to a phone that speaks %s, with ringback meanwhile',
    async (law) => {
      const two = await talking({ law });
      const { world, call, first, second, invite, there } = two;
      first.refer(invite, there, { 'Referred-By': '<sip:100@127.0.0.1>' });
      expect((await first.peer.response(202, 'REFER')).headers.get('refer-sub')).toBeUndefined();
      expect(await first.notified()).toEqual({ frag: 'SIP/2.0 100 Trying', state: 'active', event: 'refer' });
      const transferred = await second.peer.request('INVITE');
      expect(transferred.start).toBe(`INVITE sip:200@127.0.0.1:${second.port} SIP/2.0`);
      expect(transferred.headers.get('referred-by')).toBe('<sip:100@127.0.0.1>');
      expect(transferred.headers.get('x-meta-call-id')).toBe(invite.headers.get('x-meta-call-id'));
      expect(transferred.headers.get('from')?.split(';')[0]).toBe(invite.headers.get('from')?.split(';')[0]);
      second.peer.respond(transferred, 180, { reason: 'Ringing' });
      expect((await first.notified()).frag).toBe('SIP/2.0 180 Ringing');
      await until(() => consumerHears(call, RINGBACK_HZ));
      second.pickUp(transferred);
      await second.peer.request('ACK');
      expect(await first.notified()).toMatchObject({ frag: 'SIP/2.0 200 OK', state: 'terminated' });
      // The first phone goes on sending: it is nobody any more.
      await hearEachOther(second, call, CONSUMER_HZ);
      await first.hangUp(invite);
      await until(() => consumerHears(call, SECOND_HZ));
      expect(await hungUpByConsumer(two, second)).toMatchObject({
        cause: 'consumer-hangup',
        target: 'first/100',
        attempts: [{ target: 'first/100', status: 200 }],
        transfers: [{ kind: 'blind', from: 'first/100', to: 'second/200', outcome: 'done', status: 200 }],
        codec: law,
      });
      expect(graphOf(world)).toEqual(['accept']);
    },
  );
});
