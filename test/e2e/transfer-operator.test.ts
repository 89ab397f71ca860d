import { describe, expect, it } from 'vitest';
import { notify, order, PBX, referred, transfersOf } from './operator-transfer.ts';
import {
  CONSUMER_HZ,
  hungUpByConsumer,
  RINGBACK_HZ,
  replacing,
  SECOND_HZ,
  sipAt,
  twoPhones,
} from './two-phones.ts';
import { consumerHears, hearEachOther } from './wire-phone.ts';
import { gone, until } from './world.ts';

const { talking } = twoPhones();

describe('an operator transfers a call, and we do it', () => {
  it('to a phone of another trunk: ringback, the tones of both, BYE to the first', async () => {
    const two = await talking();
    const { world, call, first, second } = two;
    const told = await transfersOf(world);
    expect(await order(world, call.id, { to: 'second/200' })).toEqual([
      202,
      { callId: call.id, to: 'second/200', mode: 'gateway' },
    ]);
    const begun = { kind: 'blind', by: 'operator', from: 'first/100', to: 'second/200' };
    expect(await told()).toEqual({ ...begun, outcome: 'pending' });
    const invite = await second.peer.request('INVITE');
    expect(invite.start).toBe(`INVITE sip:200@127.0.0.1:${second.port} SIP/2.0`);
    second.peer.respond(invite, 180);
    await until(() => consumerHears(call, RINGBACK_HZ));
    expect((await order(world, call.id, { to: 'second/201' }))[0]).toBe(409);
    const bye = first.byeComes();
    second.pickUp(invite);
    await second.peer.request('ACK');
    await bye;
    await hearEachOther(second, call, CONSUMER_HZ);
    expect(await told()).toEqual({ ...begun, outcome: 'done', status: 200 });
    expect(await hungUpByConsumer(two, second)).toMatchObject({
      cause: 'consumer-hangup',
      transfers: [{ ...begun, outcome: 'done', status: 200 }],
    });
    const metrics = await (await fetch(`${world.gateway.adminUrl}/metrics`)).text();
    expect(metrics).toContain('msgw_transfers_total{kind="blind",outcome="done"} 1');
    expect(first.peer.received.filter(({ method }) => method === 'NOTIFY')).toEqual([]);
  });

  it('to a user of its own trunk, who is busy: the phone has the call as before', async () => {
    const two = await talking({ trunk: { transferTo: ['1??'], maxCalls: 1 } });
    const { world, call, first } = two;
    expect(await order(world, call.id, { to: '101' })).toMatchObject([202, { to: 'first/101' }]);
    const invite = await first.peer.request('INVITE');
    expect(invite.start).toMatch(/^INVITE sip:101@/);
    first.peer.respond(invite, 486);
    await first.peer.request('ACK');
    await hearEachOther(first, call, CONSUMER_HZ);
    expect(await hungUpByConsumer(two, first)).toMatchObject({
      transfers: [{ kind: 'blind', by: 'operator', to: 'first/101', outcome: 'failed', status: 486 }],
    });
  });

  it('to nobody that may not be called, and to nobody from a call that is not there', async () => {
    const two = await talking();
    const { world, call, first, second } = two;
    const at = `127.0.0.1:${second.port}`;
    for (const [to, status, code] of [
      [`sip:300@${at}`, 403, 'ROUTING_TARGET_NOT_ALLOWED'],
      ['second/300', 403, 'ROUTING_TARGET_NOT_ALLOWED'],
      ['200', 403, 'ROUTING_TARGET_NOT_ALLOWED'],
      ['second/+4930123456', 403, 'ROUTING_TARGET_PSTN'],
      ['tel:+4930123456', 403, 'ROUTING_TARGET_PSTN'],
      ['sip:200@198.51.100.7', 403, 'ROUTING_TARGET_ELSEWHERE'],
      ['third/200', 400, 'ROUTING_UNKNOWN_TRUNK'],
      ['constructor/200', 400, 'ROUTING_UNKNOWN_TRUNK'],
      ['second/', 400, 'ROUTING_TARGET_MALFORMED'],
      ['sip:', 400, 'ROUTING_TARGET_MALFORMED'],
      [`sip:200@${at}?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc`, 400, 'ROUTING_TARGET_MALFORMED'],
    ] as const) {
      expect(await order(world, call.id, { to }), to).toMatchObject([
        status,
        { problems: [{ field: 'to', code }] },
      ]);
    }
    for (const body of [{}, { to: '' }, { to: 'a b' }, { to: '200', mode: 'both' }, { to: '200', x: 1 }])
      expect((await order(world, call.id, body))[0], JSON.stringify(body)).toBe(400);
    expect((await order(world, 'c_nobody', { to: 'second/200' }))[0]).toBe(404);
    const metrics = await (await fetch(`${world.gateway.adminUrl}/metrics`)).text();
    expect(metrics).toContain('msgw_voip_only_refusals_total{by="operator",code="ROUTING_TARGET_PSTN"} 2');
    await hearEachOther(first, call, CONSUMER_HZ);
    expect(await hungUpByConsumer(two, first)).not.toHaveProperty('transfers');
  });
});

describe('an operator transfers a call, and the PBX is asked to', () => {
  it('by REFER; it brings the new phone by re-INVITE, and its BYE is the end', async () => {
    const two = await talking(PBX);
    const { world, call, first, second, invite } = two;
    const told = await transfersOf(world);
    expect(await order(world, call.id, { to: '101' })).toMatchObject([202, { to: 'first/101', mode: 'pbx' }]);
    const refer = await first.peer.request('REFER');
    expect(refer.headers.get('refer-to')).toBe(`<sip:101@127.0.0.1:${first.port}>`);
    const [, own] = /<([^>]+)>/.exec(invite.headers.get('from') ?? '') ?? [];
    expect(refer.headers.get('referred-by')).toBe(`<${own}>`);
    expect(refer.headers.get('call-id')).toBe(invite.headers.get('call-id'));
    expect(refer.headers.get('to')).toContain(first.peer.tag);
    first.peer.respond(refer, 202);
    await notify(two, 'SIP/2.0 100 Trying', 'active;expires=60', 'refer');
    await notify(two, 'SIP/2.0 180 Ringing', 'active;expires=50', 'refer');
    expect((await order(world, call.id, { to: '102' }))[0]).toBe(409);
    first.hush();
    second.talkTo(invite.body);
    first.peer.requestIn(invite, 'INVITE', { body: second.sdp('sendrecv', 2) });
    first.peer.ack(await first.peer.response(200, 'INVITE'));
    await hearEachOther(second, call, CONSUMER_HZ);
    await notify(two, 'SIP/2.0 200 OK', 'terminated;reason=noresource', 'refer');
    // Ended: nobody subscribes to more.
    await notify(two, 'SIP/2.0 200 OK', 'terminated;reason=noresource', 'refer', 481);
    const begun = { kind: 'referred', by: 'operator', from: 'first/100', to: 'first/101' };
    expect(await told()).toEqual({ ...begun, outcome: 'pending' });
    expect(await told()).toEqual({ ...begun, outcome: 'done', status: 200 });
    await until(() => consumerHears(call, SECOND_HZ));
    await first.hangUp(invite);
    second.hush();
    expect(await call.ended).toMatchObject({ by: 'business' });
    expect(await world.nextRecord()).toMatchObject({
      cause: 'phone-hangup',
      attempts: [{ target: 'first/100', status: 200 }],
      transfers: [{ ...begun, outcome: 'done', status: 200 }],
    });
    await gone(world);
  });

  it('and sends an INVITE with Replaces: that phone has the call, the first gets BYE', async () => {
    const two = await talking(PBX);
    const { world, call, first, second, invite } = two;
    await order(world, call.id, { to: '101' });
    await referred(first);
    const bye = first.byeComes();
    await second.dial(sipAt(world), 'gateway', { Replaces: replacing(invite, first) });
    await bye;
    await hearEachOther(second, call, CONSUMER_HZ);
    expect(await hungUpByConsumer(two, second)).toMatchObject({
      transfers: [
        { kind: 'referred', outcome: 'done' },
        { kind: 'replaced', outcome: 'done' },
      ],
    });
  });

  it('and refuses, fails, or does not tell: the call goes on every time', async () => {
    const two = await talking({ ...PBX, route: {}, sip: { requestTimeoutMs: 1_000 } });
    const { world, call, first } = two;
    const told = await transfersOf(world);
    const outcome = async (): Promise<object> => {
      await told();
      const { outcome: how, status } = (await told()) as Record<string, unknown>;
      return [how, status];
    };
    const ask = async (): Promise<void> => {
      expect(await order(world, call.id, { to: '101', mode: 'pbx' })).toMatchObject([202, { mode: 'pbx' }]);
    };
    await ask();
    first.peer.respond(await first.peer.request('REFER'), 405);
    expect(await outcome()).toEqual(['failed', 405]);

    await ask();
    await referred(first, { 'Refer-Sub': 'false' });
    expect(await outcome()).toEqual(['unknown', undefined]);

    await ask();
    const busy = await referred(first);
    await notify(two, 'SIP/2.0 486 Busy Here', 'terminated;reason=noresource', busy);
    expect(await outcome()).toEqual(['failed', 486]);

    await ask();
    const silent = await referred(first);
    await notify(two, 'SIP/2.0 180 Ringing', 'active;expires=60', silent);
    await notify(two, 'SIP/2.0 180 Ringing', 'active;expires=60', 'refer;id=1', 481);
    await notify(two, 'SIP/2.0 180 Ringing', 'terminated;reason=giveup', silent);
    expect(await outcome()).toEqual(['unknown', 180]);

    // No answer at all.
    await ask();
    expect(await outcome()).toEqual(['failed', 408]);

    await hearEachOther(first, call, CONSUMER_HZ);
    const record = await hungUpByConsumer(two, first);
    expect((record['transfers'] as object[]).length).toBe(5);
  });

  it('and tells the end before the 202 is here', async () => {
    const two = await talking(PBX);
    const { world, call, first } = two;
    await order(world, call.id, { to: '101' });
    const refer = await first.peer.request('REFER');
    await notify(two, 'SIP/2.0 200 OK', 'terminated;reason=noresource', 'refer');
    first.peer.respond(refer, 202);
    await until(async () => {
      const shown = await fetch(`${world.gateway.adminUrl}/calls/${call.id}`);
      return shown.ok && (await order(world, call.id, { to: 'nobody/1' }))[0] === 400;
    });
    const record = await hungUpByConsumer(two, first);
    expect(record).toMatchObject({ transfers: [{ kind: 'referred', outcome: 'done', status: 200 }] });
  });

  it('is not asked for a phone of another PBX', async () => {
    const two = await talking({ ...PBX, other: { host: 'localhost' } });
    const { world, call, first } = two;
    expect(await order(world, call.id, { to: 'second/200' })).toMatchObject([
      409,
      { problems: [{ field: 'id', code: 'GATEWAY_TRANSFER_REFUSED' }] },
    ]);
    expect(await hungUpByConsumer(two, first)).not.toHaveProperty('transfers');
  });

  it('but a REFER of the phone is followed by us all the same', async () => {
    const two = await talking(PBX);
    const { call, first, second, invite, there } = two;
    first.refer(invite, there);
    await first.peer.response(202, 'REFER');
    const told = first.allNotified();
    await second.answer();
    expect((await told).at(-1)).toBe('SIP/2.0 200 OK');
    await first.hangUp(invite);
    await hearEachOther(second, call, CONSUMER_HZ);
    await hungUpByConsumer(two, second);
  });
});
