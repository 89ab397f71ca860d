import { afterEach, describe, expect, it } from 'vitest';
import { graphOf, until, worlds } from '../e2e/world.ts';
import type { Message } from '../sip/support/peer.ts';
import { consumerHears, type RawCall, ring, talk } from './support/call.ts';
import { dial, inDialog } from './support/dial.ts';
import { sdp } from './support/sdp.ts';

// What is left of a call is looked for after each test: calls, media, INVITEs and dialogs.
const { start, closeAll } = worlds();
afterEach(closeAll);

/** Requests of the gateway's in the call, by method, the INVITE aside. */
const sent = ({ peer }: Pick<RawCall, 'peer'>): string[] =>
  peer.received.map(({ method }) => method).filter((method) => !['', 'INVITE', 'OPTIONS'].includes(method));

async function over({ world }: Pick<RawCall, 'world'>): Promise<Record<string, unknown>> {
  const record = await world.nextRecord();
  await until(() => world.gateway.calls === 0);
  // A leg that hangs up by itself does so behind the call's back.
  await expect.poll(() => world.gateway.inventory()).toMatchObject({ sip: { invites: 0, dialogs: 0 } });
  expect(world.records).toHaveLength(1);
  return record;
}

describe('the consumer gives up while the phone is being answered', () => {
  it('a 200 that crosses the CANCEL is ACKed and hung up', async () => {
    const raw = await ring(start);
    const { peer, invite, rtp, call } = raw;
    peer.respond(invite, 180);
    await call.hangup();
    const cancel = await peer.request('CANCEL');
    peer.respond(invite, 200, { body: sdp({ port: rtp.port }) });
    peer.respond(cancel, 200);
    await peer.request('ACK');
    peer.respond(await peer.request('BYE'), 200);
    expect(await over(raw)).toMatchObject({ cause: 'cancelled', answered: false });
    expect(sent(raw)).toEqual(['CANCEL', 'ACK', 'BYE']);
    expect(graphOf(raw.world)).toEqual([]);
  });

  it('before the phone said anything: the CANCEL waits for the first word (RFC 3261 9.1)', async () => {
    const raw = await ring(start);
    const { peer, invite, call } = raw;
    await call.hangup();
    await until(() => raw.world.gateway.calls === 1);
    expect(sent(raw)).toEqual([]);
    peer.respond(invite, 180);
    peer.respond(await peer.request('CANCEL'), 200);
    peer.respond(invite, 487);
    await peer.request('ACK');
    await over(raw);
    expect(sent(raw)).toEqual(['CANCEL', 'ACK']);
  });

  it('its first word is the 200: no CANCEL, ACK and BYE', async () => {
    const raw = await ring(start);
    const { peer, invite, call, rtp } = raw;
    await call.hangup();
    peer.respond(invite, 200, { body: sdp({ port: rtp.port }) });
    await peer.request('ACK');
    peer.respond(await peer.request('BYE'), 200);
    await over(raw);
    expect(sent(raw)).toEqual(['ACK', 'BYE']);
  });

  it('while Graph is asked to accept: the phone is hung up, Meta is asked nothing more', async () => {
    const raw = await ring(start);
    const { peer, invite, call, rtp, world } = raw;
    world.simulator.faults.add({ kind: 'slow', delayMs: 500, action: 'accept' });
    peer.respond(invite, 200, { body: sdp({ port: rtp.port }) });
    await peer.request('ACK');
    await call.hangup();
    peer.respond(await peer.request('BYE'), 200);
    expect(await over(raw)).toMatchObject({ cause: 'accept-after-hangup' });
    expect(graphOf(world).filter((action) => action !== 'accept')).toEqual([]);
  });
});

describe('the phone hangs up', () => {
  it('at once after its 200, before Graph has accepted: the call is ended at Meta, once', async () => {
    const raw = await ring(start);
    const { peer, invite, rtp, world, call } = raw;
    peer.respond(invite, 200, { body: sdp({ port: rtp.port }) });
    peer.requestIn(invite, 'BYE');
    await peer.response(200, 'BYE');
    expect(await call.ended).toMatchObject({ by: 'business' });
    expect(await over(raw)).toMatchObject({ cause: 'phone-hangup' });
    expect(sent(raw)).toEqual(['ACK']);
    const ends = graphOf(world).filter((action) => action === 'terminate' || action === 'reject');
    expect(ends).toHaveLength(1);
  });

  it('in the same moment as the consumer: both BYEs are answered, nobody is told twice', async () => {
    const raw = await talk(start);
    const { peer, invite, call, world } = raw;
    peer.requestIn(invite, 'BYE');
    const done = call.hangup();
    const ok = await peer.response(200, 'BYE');
    expect(ok.status).toBe(200);
    await done;
    // Ours may have left before theirs came.
    for (const bye of peer.received.filter(({ method }) => method === 'BYE')) peer.respond(bye, 200);
    await over(raw);
    expect(graphOf(world).filter((action) => action === 'terminate').length).toBeLessThanOrEqual(1);
  });

  it('twice: the second BYE is of no call', async () => {
    const raw = await talk(start);
    raw.peer.requestIn(raw.invite, 'BYE');
    await raw.peer.response(200, 'BYE');
    raw.peer.requestIn(raw.invite, 'BYE');
    await raw.peer.response(481, 'BYE');
    await over(raw);
  });

  it('and says 481 to our BYE: over all the same', async () => {
    const raw = await talk(start);
    const done = raw.call.hangup();
    raw.peer.respond(await raw.peer.request('BYE'), 481);
    await done;
    expect(await over(raw)).toMatchObject({ cause: 'consumer-hangup' });
  });
});

describe('a phone that calls gives up', () => {
  it('while the consumer picks up: one final response, and nobody is left on the line', async () => {
    const raw = await dial(start, {
      body: ({ port }) => sdp({ port }),
      whenCalled: { does: 'answer', afterMs: 0 },
    });
    const { peer, cancel, consumer, world } = raw;
    // Both webhooks are on their way; which comes first is chance.
    await until(() => peer.received.some(({ status }) => status >= 180));
    cancel();
    const isFinal = ({ status, headers }: Message): boolean =>
      status >= 200 && headers.get('cseq')?.endsWith('INVITE') === true;
    await until(() => peer.received.some(isFinal));
    const final = peer.received.find(isFinal) as Message;
    peer.ack(final);
    if (final.status === 200) {
      // It crossed the CANCEL: whoever called hangs up what it does not want.
      const [at] = world.gateway.sipContacts;
      peer.requestTo(`udp/${at?.address}:${at?.port}`, 'BYE', { headers: inDialog(final) });
      await peer.response(200, 'BYE');
    }
    await consumer.ended;
    await over(raw);
    expect(graphOf(world).filter((action) => action === 'terminate')).toHaveLength(1);
  });

  it('with BYE before its ACK: the BYE is answered, the consumer let go', async () => {
    const raw = await dial(start, { body: ({ port }) => sdp({ port }) });
    const { peer, consumer, world } = raw;
    const ok = await peer.response(200, 'INVITE');
    const [at] = world.gateway.sipContacts;
    peer.requestTo(`udp/${at?.address}:${at?.port}`, 'BYE', { headers: inDialog(ok) });
    await peer.response(200, 'BYE');
    peer.ack(ok);
    expect(await consumer.ended).toMatchObject({ by: 'business' });
    await over(raw);
  });
});

it('a call that was told to end is not answered into being by a late 200 of another fork', async () => {
  const raw = await talk(start);
  const { peer, invite, rtp, call } = raw;
  peer.respond(invite, 200, { tag: 'late', body: sdp({ port: rtp.port, sessionId: 9 }) });
  const bye = await peer.request('BYE');
  expect(bye.headers.get('to')).toContain('tag=late');
  peer.respond(bye, 200);
  expect(consumerHears(raw, 620)).toBe(true);
  const done = call.hangup();
  peer.respond(await peer.request('BYE'), 200);
  await done;
  await over(raw);
});
