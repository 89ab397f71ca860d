import { describe, expect, it } from 'vitest';
import { DEMO_PAGE } from '../../src/cli/demo/world.ts';
import type { Message } from '../sip/support/peer.ts';
import {
  CONSUMER_HZ,
  FIRST_HZ,
  hungUpByConsumer,
  RINGBACK_HZ,
  replacing,
  SECOND_HZ,
  sipAt,
  twoPhones,
} from './two-phones.ts';
import { consumerHears, hearEachOther, WirePhone } from './wire-phone.ts';
import { caller, gone, graphOf, until } from './world.ts';

const { start, talking } = twoPhones();

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
      second.listen(transferred);
      await second.peer.request('ACK');
      expect(await first.notified()).toMatchObject({ frag: 'SIP/2.0 200 OK', state: 'terminated' });
      // The first phone goes on sending, and is nobody any more: it does not become the source that is answered.
      await until(() => second.packets > 20);
      second.talkTo(transferred.body);
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

  it('goes on when the phone hangs up right after the 202', async () => {
    const two = await talking();
    const { call, first, second, invite, there } = two;
    first.refer(invite, there);
    await first.peer.response(202, 'REFER');
    const hungUp = first.hangUp(invite);
    const told = first.allNotified();
    const transferred = await second.peer.request('INVITE');
    await hungUp;
    await until(() => consumerHears(call, RINGBACK_HZ));
    second.pickUp(transferred);
    await second.peer.request('ACK');
    await hearEachOther(second, call, CONSUMER_HZ);
    // The subscription outlives the call (RFC 5057).
    expect((await told).at(-1)).toBe('SIP/2.0 200 OK');
    expect(await hungUpByConsumer(two, second)).toMatchObject({
      cause: 'consumer-hangup',
      transfers: [{ outcome: 'done' }],
    });
  });

  it('ends the call when the phone has hung up, nobody takes it and the route wants no recall', async () => {
    const { world, call, first, second, invite, there } = await talking({ route: { transferRecall: false } });
    first.refer(invite, there);
    await first.peer.response(202, 'REFER');
    const transferred = await second.peer.request('INVITE');
    await first.hangUp(invite);
    const told = first.allNotified();
    second.peer.respond(transferred, 480, { reason: 'Nobody At Desk' });
    expect((await told).at(-1)).toBe('SIP/2.0 480 Nobody At Desk');
    expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await world.nextRecord()).toMatchObject({
      cause: 'transfer-failed',
      transfers: [{ outcome: 'failed', status: 480 }],
    });
    await gone(world);
    const metrics = await (await fetch(`${world.gateway.adminUrl}/metrics`)).text();
    expect(metrics).toContain('msgw_transfers_total{kind="blind",outcome="failed"} 1');
  });

  it('gives the consumer back to the phone when the target is busy, and again later', async () => {
    const two = await talking();
    const { call, first, second, invite, there } = two;
    // The phone holds first, as most do, and resumes by itself.
    first.peer.requestIn(invite, 'INVITE', { body: first.sdp('sendonly', 2) });
    first.peer.ack(await first.peer.response(200, 'INVITE'));
    for (const event of ['refer', /^refer;id=\d+$/]) {
      first.refer(invite, there);
      await first.peer.response(202, 'REFER');
      const transferred = await second.peer.request('INVITE');
      second.peer.respond(transferred, 486, { reason: 'Busy Here' });
      await second.peer.request('ACK');
      const told = [await first.notified(), await first.notified()];
      expect(told[0]?.event).toEqual(expect.stringMatching(event));
      expect(told[1]).toMatchObject({ frag: 'SIP/2.0 486 Busy Here', state: 'terminated' });
    }
    first.peer.requestIn(invite, 'INVITE', { body: first.sdp('sendrecv', 3) });
    first.peer.ack(await first.peer.response(200, 'INVITE'));
    await hearEachOther(first, call, CONSUMER_HZ);
    expect(await hungUpByConsumer(two, first)).toMatchObject({
      cause: 'consumer-hangup',
      transfers: [
        { outcome: 'failed', status: 486 },
        { outcome: 'failed', status: 486 },
      ],
    });
  });

  it('follows a 3xx of the target, and says there, too, who sent it', async () => {
    const two = await talking();
    const { call, first, second, invite, there } = two;
    first.refer(invite, there, { 'Referred-By': '<sip:100@127.0.0.1>' });
    await first.peer.response(202, 'REFER');
    const told = first.allNotified();
    const transferred = await second.peer.request('INVITE');
    expect(transferred.headers.get('referred-by')).toBe('<sip:100@127.0.0.1>');
    second.peer.respond(transferred, 302, { headers: { Contact: `<sip:201@127.0.0.1:${second.port}>` } });
    await second.peer.request('ACK');
    const followed = await second.peer.request('INVITE');
    expect(followed.start).toMatch(/^INVITE sip:201@/);
    expect(followed.headers.get('referred-by')).toBe('<sip:100@127.0.0.1>');
    second.pickUp(followed);
    await second.peer.request('ACK');
    expect((await told).at(-1)).toBe('SIP/2.0 200 OK');
    await hearEachOther(second, call, CONSUMER_HZ);
    await first.hangUp(invite);
    await hungUpByConsumer(two, second);
  });

  it('is cancelled when the consumer hangs up meanwhile', async () => {
    const { world, call, first, second, invite, there } = await talking();
    first.refer(invite, there);
    await first.peer.response(202, 'REFER');
    expect((await first.notified()).frag).toBe('SIP/2.0 100 Trying');
    const transferred = await second.peer.request('INVITE');
    second.peer.respond(transferred, 180, { reason: 'Ringing' });
    expect((await first.notified()).frag).toBe('SIP/2.0 180 Ringing');
    const cancelled = second.peer.request('CANCEL').then((cancel) => {
      second.peer.respond(cancel, 200);
      second.peer.respond(transferred, 487);
    });
    await Promise.all([call.hangup(), cancelled, first.byeComes()]);
    expect((await first.notified()).frag).toBe('SIP/2.0 487 Request Terminated');
    expect(await world.nextRecord()).toMatchObject({
      cause: 'consumer-hangup',
      transfers: [{ outcome: 'cancelled', status: 487 }],
    });
    await gone(world);
  });

  it('hangs up a phone that does not do it itself, and tells nothing to one that wants no NOTIFY', async () => {
    const two = await talking();
    const { call, first, second, invite, there } = two;
    first.refer(invite, there, { 'Refer-Sub': 'false', Supported: 'norefersub' });
    expect((await first.peer.response(202, 'REFER')).headers.get('refer-sub')).toBe('false');
    await second.answer();
    await first.byeComes();
    await hearEachOther(second, call, CONSUMER_HZ);
    await hungUpByConsumer(two, second);
    expect(first.peer.received.filter(({ method }) => method === 'NOTIFY')).toEqual([]);
  });

  it('of a call that the phone placed', async () => {
    const first = await WirePhone.start(FIRST_HZ);
    const second = await WirePhone.start(SECOND_HZ);
    const world = await start({
      phones: [],
      configure: (yaml) => {
        yaml['trunks'] = {
          first: { host: '127.0.0.1', port: first.port, codecs: ['PCMU'] },
          second: { host: '127.0.0.1', port: second.port, codecs: ['PCMU'], transferTo: ['200'] },
        };
        yaml['routes'] = { desk: { targets: [{ trunk: 'first', user: '100' }] } };
        yaml['outbound'] = { rules: [{ trunk: 'first', page: DEMO_PAGE }] };
      },
    });
    world.simulator.consumer({ ...caller, permission: true });
    const placed = world.simulator.nextPlaced();
    const [at] = world.gateway.sipContacts;
    if (!at) throw new Error('no SIP address');
    const dialled = await first.dial(at, caller.psid);
    const call = await placed;
    await until(() => consumerHears(call, FIRST_HZ));
    first.refer(dialled, `<sip:200@127.0.0.1:${second.port}>`);
    await first.peer.response(202, 'REFER');
    const told = first.allNotified();
    await second.answer();
    expect((await told).at(-1)).toBe('SIP/2.0 200 OK');
    await first.hangUp(dialled);
    await hearEachOther(second, call, CONSUMER_HZ);
    await second.hangUp(second.peer.received.find(({ method }) => method === 'INVITE') as Message);
    expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await world.nextRecord()).toMatchObject({
      cause: 'phone-hangup',
      direction: 'business_initiated',
      target: 'first/12',
      transfers: [{ from: 'first/12', to: 'second/200', outcome: 'done' }],
    });
    await gone(world);
  });
});

describe('a transfer is refused', () => {
  it('to whom no trunk lets it, and counted; the call goes on', async () => {
    const two = await talking({ trunk: { transferTo: ['1??'] } });
    const { world, call, first, second, invite } = two;
    for (const [to, status] of [
      [`<sip:300@127.0.0.1:${second.port}>`, 403],
      ['<sip:200@198.51.100.7>', 403],
      ['<tel:+4930123456>', 403],
      [`<sip:+4930123456@127.0.0.1:${second.port}>`, 403],
      ['<mailto:a@b.example>', 416],
      [`<sip:200@127.0.0.1:${second.port};method=BYE>`, 501],
    ] as const) {
      first.refer(invite, to);
      await first.peer.response(status, 'REFER');
    }
    const metrics = await (await fetch(`${world.gateway.adminUrl}/metrics`)).text();
    expect(metrics).toContain('msgw_voip_only_refusals_total{by="refer",code="ROUTING_TARGET_PSTN"} 2');
    expect(metrics).toContain(
      'msgw_voip_only_refusals_total{by="refer",code="ROUTING_TARGET_NOT_ALLOWED"} 1',
    );
    expect(metrics).toContain('msgw_voip_only_refusals_total{by="refer",code="ROUTING_TARGET_ELSEWHERE"} 1');
    await hearEachOther(first, call, CONSUMER_HZ);
    expect(await hungUpByConsumer(two, first)).not.toHaveProperty('transfers');
  });

  it('when another one is under way', async () => {
    const two = await talking();
    const { first, second, invite, there } = two;
    first.refer(invite, there);
    first.refer(invite, there);
    const transferred = await second.peer.request('INVITE');
    await Promise.all([first.peer.response(202, 'REFER'), first.peer.response(491, 'REFER')]);
    second.peer.respond(transferred, 603);
    await first.notified();
    await until(() => first.peer.received.filter(({ method }) => method === 'NOTIFY').length === 2);
    expect((await first.notified()).frag).toBe('SIP/2.0 603 Reason');
    await hungUpByConsumer(two, first);
  });

  it('when its Refer-To cannot be read', async () => {
    const two = await talking();
    const { first, invite } = two;
    const host = `127.0.0.1:${two.second.port}`;
    const malformed = [
      `<sip:200@${host}`,
      `sip:200@${host}>`,
      `<sip:200@${host}>, <sip:201@${host}>`,
      `<sip:200@${host}>x`,
      '<sip:>',
      '<sip:200@>',
      '<200>',
      'garbage',
      '"200',
      `<sip:200@${host}?Replaces=a>`,
      `<sip:200@${host}?Replaces=a%3Bto-tag%3Db>`,
      `<sip:200@${host}?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc&Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>`,
      `<sip:200@${host}?Replaces=%0D%0ARoute:x%3Bto-tag%3Db%3Bfrom-tag%3Dc>`,
      `<sip:200@${host}?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc%ZZ>`,
      `<sip:200@${host}?Require=100rel>`,
      `<sip:200@${host}?>`,
      `<sip:2%0d00@${host}>`,
      `<sip:2%ff00@${host}>`,
      '<sip:200@127.0.0.1:99999>',
      `<sip:${'2'.repeat(3_000)}@${host}>`,
    ];
    for (const to of malformed) {
      first.refer(invite, to);
      expect((await first.peer.response(400, 'REFER')).headers.get('cseq'), to).toBeDefined();
    }
    expect((await hungUpByConsumer(two, first))['cause']).toBe('consumer-hangup');
  });

  it('to another consumer: the dialog that it names is ours', async () => {
    const two = await talking();
    const { first, invite } = two;
    const from = /tag=([^;]+)/.exec(invite.headers.get('from') ?? '')?.[1] ?? '';
    const replaces = `${invite.headers.get('call-id')};to-tag=${from};from-tag=${first.peer.tag}`;
    first.refer(invite, `<sip:200@127.0.0.1:${two.second.port}?Replaces=${encodeURIComponent(replaces)}>`);
    await first.peer.response(603, 'REFER');
    await hungUpByConsumer(two, first);
  });
});

describe('an attended transfer', () => {
  it('by REFER: the INVITE names the dialog that it replaces', async () => {
    const two = await talking();
    const { call, first, second, invite } = two;
    const replaces = encodeURIComponent('x@127.0.0.1;to-tag=t1;from-tag=f1');
    first.refer(invite, `<sip:200@127.0.0.1:${second.port}?Replaces=${replaces}&Require=replaces>`);
    await first.peer.response(202, 'REFER');
    const transferred = await second.peer.request('INVITE');
    expect(transferred.headers.get('replaces')).toBe('x@127.0.0.1;to-tag=t1;from-tag=f1');
    expect(transferred.headers.get('require')).toBe('replaces');
    const told = first.allNotified();
    second.pickUp(transferred);
    await second.peer.request('ACK');
    expect((await told).at(-1)).toBe('SIP/2.0 200 OK');
    await hearEachOther(second, call, CONSUMER_HZ);
    await first.hangUp(invite);
    expect(await hungUpByConsumer(two, second)).toMatchObject({ transfers: [{ kind: 'attended' }] });
  });

  it('is sent nowhere else by a 3xx: the dialog that it names is there alone', async () => {
    const two = await talking();
    const { first, second, invite } = two;
    const replaces = encodeURIComponent('x@127.0.0.1;to-tag=t1;from-tag=f1');
    first.refer(invite, `<sip:200@127.0.0.1:${second.port}?Replaces=${replaces}>`);
    await first.peer.response(202, 'REFER');
    const told = first.allNotified();
    const transferred = await second.peer.request('INVITE');
    second.peer.respond(transferred, 302, { headers: { Contact: `<sip:201@127.0.0.1:${second.port}>` } });
    await second.peer.request('ACK');
    expect((await told).at(-1)).toBe('SIP/2.0 302 Reason');
    await hungUpByConsumer(two, first);
  });

  it('by INVITE with Replaces: the new phone has the consumer, the old one gets BYE', async () => {
    const two = await talking();
    const { world, call, first, second, invite } = two;
    const bye = first.byeComes();
    const dialled = await second.dial(sipAt(world), 'gateway', { Replaces: replacing(invite, first) });
    await bye;
    await hearEachOther(second, call, CONSUMER_HZ);
    await second.hangUp(dialled);
    expect(await world.nextRecord()).toMatchObject({
      cause: 'phone-hangup',
      target: 'first/100',
      transfers: [{ kind: 'replaced', from: 'first/100', to: 'first/12', outcome: 'done' }],
    });
    await gone(world);
  });

  it('gets 422 where it asks for too short a session interval, as any INVITE', async () => {
    const two = await talking({ trunk: { sessionTimer: { expiresS: 1_800, minSeS: 600 } } });
    const { world, call, first, second, invite } = two;
    const { address, port } = sipAt(world);
    const headers = { Replaces: replacing(invite, first), Supported: 'timer', 'Session-Expires': '120' };
    second.peer.requestTo(`udp/${address}:${port}`, 'INVITE', { headers, body: second.sdp() });
    const refused = await second.peer.response(422, 'INVITE');
    expect(refused.headers.get('min-se')).toBe('600');
    second.peer.ack(refused);
    const bye = first.byeComes();
    await second.dial(sipAt(world), 'gateway', { ...headers, 'Session-Expires': '600', 'Min-SE': '600' });
    await bye;
    await hearEachOther(second, call, CONSUMER_HZ);
    expect(await hungUpByConsumer(two, second)).toMatchObject({ transfers: [{ kind: 'replaced' }] });
  });

  it('is not for strangers, nor for dialogs that are not there', async () => {
    const two = await talking({ trunk: { callers: { username: 'first', password: '${PAGE_TOKEN}' } } });
    const { world, call, first, second, invite } = two;
    const [at] = world.gateway.sipContacts;
    const contact = `udp/${at?.address}:${at?.port}`;
    const ask = (Replaces: string): void =>
      void second.peer.requestTo(contact, 'INVITE', { headers: { Replaces }, body: second.sdp() });
    for (const [replaces, status] of [
      // Let in as the second trunk, which does not own it.
      [replacing(invite, first), 403],
      ['nobody;to-tag=a;from-tag=b', 481],
      ['nobody;to-tag=a', 400],
      [`${replacing(invite, first)}, ${replacing(invite, first)}`, 400],
    ] as const) {
      ask(replaces);
      second.peer.ack(await second.peer.response(status, 'INVITE'));
    }
    await hearEachOther(first, call, CONSUMER_HZ);
    expect(await hungUpByConsumer(two, first)).not.toHaveProperty('transfers');
  });

  it('with early-only is refused, and a dialog that is over declined', async () => {
    const two = await talking();
    const { world, call, first, second, invite } = two;
    const [at] = world.gateway.sipContacts;
    const contact = `udp/${at?.address}:${at?.port}`;
    const ask = (Replaces: string): void =>
      void second.peer.requestTo(contact, 'INVITE', { headers: { Replaces }, body: second.sdp() });
    ask(`${replacing(invite, first)};early-only`);
    second.peer.ack(await second.peer.response(486, 'INVITE'));
    await hearEachOther(first, call, CONSUMER_HZ);
    await hungUpByConsumer(two, first);
    ask(replacing(invite, first));
    second.peer.ack(await second.peer.response(603, 'INVITE'));
  });
});
