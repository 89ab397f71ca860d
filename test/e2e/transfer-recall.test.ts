import { describe, expect, it } from 'vitest';
import { DEMO_PAGE } from '../../src/cli/demo/world.ts';
import {
  CONSUMER_HZ,
  FIRST_HZ,
  hungUpByConsumer,
  RINGBACK_HZ,
  SECOND_HZ,
  sipAt,
  twoPhones,
} from './two-phones.ts';
import { consumerHears, hearEachOther, WirePhone } from './wire-phone.ts';
import { caller, gone, until } from './world.ts';

const { start, talking } = twoPhones();

describe('nobody takes a call whose transferor hung up: the transferor is rung back', () => {
  it('and has the consumer again', async () => {
    const two = await talking();
    const { call, first, second, invite, there } = two;
    first.refer(invite, there);
    await first.peer.response(202, 'REFER');
    const transferred = await second.peer.request('INVITE');
    const told = first.allNotified();
    await first.hangUp(invite);
    second.peer.respond(transferred, 486, { reason: 'Busy Here' });
    expect((await told).at(-1)).toBe('SIP/2.0 486 Busy Here');
    const back = await first.peer.request('INVITE');
    expect(back.start).toBe(`INVITE sip:100@127.0.0.1:${first.port} SIP/2.0`);
    expect(back.headers.get('x-meta-call-id')).toBe(invite.headers.get('x-meta-call-id'));
    expect(back.headers.get('call-id')).not.toBe(invite.headers.get('call-id'));
    first.peer.respond(back, 180);
    await until(() => consumerHears(call, RINGBACK_HZ));
    first.pickUp(back);
    await first.peer.request('ACK');
    await hearEachOther(first, call, CONSUMER_HZ);
    expect(await hungUpByConsumer(two, first)).toMatchObject({
      cause: 'consumer-hangup',
      target: 'first/100',
      attempts: [{ target: 'first/100', status: 200 }],
      transfers: [
        { kind: 'blind', to: 'second/200', outcome: 'failed', status: 486 },
        { kind: 'recall', from: 'first/100', to: 'first/100', outcome: 'done', status: 200 },
      ],
    });
  });

  it('as the user that we rang, whatever the To of its 200 says', async () => {
    const two = await talking({ to: '<sip:+4930123456@127.0.0.1>' });
    const { first, second, invite, there } = two;
    first.refer(invite, there);
    await first.peer.response(202, 'REFER');
    const transferred = await second.peer.request('INVITE');
    const told = first.allNotified();
    await first.hangUp(invite);
    second.peer.respond(transferred, 486);
    await told;
    const back = await first.peer.request('INVITE');
    expect(back.start).toBe(`INVITE sip:100@127.0.0.1:${first.port} SIP/2.0`);
    first.pickUp(back);
    await first.peer.request('ACK');
    await hungUpByConsumer(two, first);
  });

  it('once: nobody there either ends the call', async () => {
    const { world, call, first, second, invite, there } = await talking();
    first.refer(invite, there);
    await first.peer.response(202, 'REFER');
    const transferred = await second.peer.request('INVITE');
    const told = first.allNotified();
    await first.hangUp(invite);
    second.peer.respond(transferred, 480);
    expect((await told).at(-1)).toBe('SIP/2.0 480 Reason');
    const back = await first.peer.request('INVITE');
    first.peer.respond(back, 480);
    expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await world.nextRecord()).toMatchObject({
      cause: 'transfer-failed',
      transfers: [{ outcome: 'failed' }, { kind: 'recall', outcome: 'failed', status: 480 }],
    });
    await gone(world);
  });

  it('by the user that it called as, where the phone placed the call; a telephone number is not called', async () => {
    const first = await WirePhone.start(FIRST_HZ);
    const second = await WirePhone.start(SECOND_HZ);
    const world = await start({
      phones: [],
      configure: (yaml) => {
        yaml['trunks'] = {
          // One call: its transfer inside the trunk takes no second place.
          first: { host: '127.0.0.1', port: first.port, codecs: ['PCMU'], transferTo: ['1??'], maxCalls: 1 },
          second: { host: '127.0.0.1', port: second.port, codecs: ['PCMU'], transferTo: ['200'] },
        };
        yaml['routes'] = { desk: { targets: [{ trunk: 'first', user: '100' }] } };
        yaml['outbound'] = { rules: [{ trunk: 'first', page: DEMO_PAGE }] };
      },
    });
    world.simulator.consumer({ ...caller, permission: true });
    for (const [from, isRung] of [
      ['12', true],
      ['+4930123456', false],
    ] as const) {
      const placed = world.simulator.nextPlaced();
      const From = `<sip:${from}@127.0.0.1>;tag=${first.peer.tag}`;
      const dialled = await first.dial(sipAt(world), caller.psid, { From });
      const call = await placed;
      await until(() => consumerHears(call, FIRST_HZ));
      first.refer(dialled, `<sip:101@127.0.0.1:${first.port}>`);
      await first.peer.response(202, 'REFER');
      const transferred = await first.peer.request('INVITE');
      expect(transferred.start).toMatch(/^INVITE sip:101@/);
      const told = first.allNotified();
      await first.hangUp(dialled);
      first.peer.respond(transferred, 486);
      await told;
      if (isRung) {
        const back = await first.peer.request('INVITE');
        expect(back.start).toBe(`INVITE sip:12@127.0.0.1:${first.port} SIP/2.0`);
        // What was heard before the transfer is over: who hears the phone after this was given back to it.
        await until(() => consumerHears(call, RINGBACK_HZ));
        first.pickUp(back);
        await first.peer.request('ACK');
        await hearEachOther(first, call, 440);
        await Promise.all([first.byeComes(), call.hangup()]);
      }
      expect(await world.nextRecord()).toMatchObject({
        cause: isRung ? 'consumer-hangup' : 'transfer-failed',
        transfers: [
          { outcome: 'failed', status: 486 },
          { kind: 'recall', outcome: isRung ? 'done' : 'failed' },
        ],
      });
      await gone(world);
    }
  });
});

it('a call counts once at its trunk: a transfer inside a full one is rung', async () => {
  const two = await talking({ trunk: { maxCalls: 1, transferTo: ['1??'] } });
  const { world, call, first, invite } = two;
  first.refer(invite, `<sip:101@127.0.0.1:${first.port}>`);
  await first.peer.response(202, 'REFER');
  const told = first.allNotified();
  const transferred = await first.peer.request('INVITE');
  expect(await (await fetch(new URL('/trunks', world.gateway.adminUrl))).json()).toMatchObject([
    { trunk: 'first', calls: { in: 0, out: 1 }, refused: { full: 0 } },
    { trunk: 'second', calls: { in: 0, out: 0 } },
  ]);
  first.pickUp(transferred);
  await first.peer.request('ACK');
  expect((await told).at(-1)).toBe('SIP/2.0 200 OK');
  await first.hangUp(invite);
  // The phone that left gave nothing back that the other needs.
  const another = world.simulator.consumer({ psid: '7000000009' }).call({ toneHz: 500 });
  expect(await another.ended).toMatchObject({ by: 'business' });
  await world.nextRecord();
  first.talkTo(transferred.body);
  await hearEachOther(first, call, CONSUMER_HZ);
  await hungUpByConsumer(two, first);
});
