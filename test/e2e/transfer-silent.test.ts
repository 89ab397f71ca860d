import { expect, it } from 'vitest';
import { DONE, notify, order, PBX, referred, TRYING, tell, transfersOf } from './operator-transfer.ts';
import { CONSUMER_HZ, hungUpByConsumer, twoPhones } from './two-phones.ts';
import { hearEachOther } from './wire-phone.ts';
import { caller, gone, until } from './world.ts';

const { talking } = twoPhones();

it('a PBX that did as our REFER asked and sends nothing but RTCP is hung up on, and so is the consumer', async () => {
  const two = await talking({
    ...PBX,
    sip: { transferRingMs: 5_000, transferSilenceMs: 6_000 },
    // Without its RTCP the leg were dead before.
    rtp: { mediaTimeoutMs: 4_000 },
  });
  const { world, call, first } = two;
  const told = await transfersOf(world);
  // Of this one nothing is told in time; that it is given up is no word on the next one.
  await order(world, call.id, { to: '101' });
  await referred(first);
  expect([await told(), await told()]).toMatchObject([{ outcome: 'pending' }, { outcome: 'unknown' }]);
  await order(world, call.id, { to: '101' });
  const event = await referred(first);
  await notify(two, ...TRYING, event);
  first.onlyReports();
  const bye = first.byeComes();
  await notify(two, ...DONE, event);
  expect((await bye).headers.get('reason')).toBe('Q.850;cause=16;text="No audio after the transfer"');
  expect(await call.ended).toMatchObject({ by: 'business' });
  const record = await world.nextRecord();
  expect(record).toMatchObject({
    cause: 'transfer-silent',
    endedBy: 'gateway',
    transfers: [
      { kind: 'referred', outcome: 'unknown' },
      { kind: 'referred', outcome: 'done', status: 200 },
    ],
  });
  expect(record['detail']).toMatch(/^CALL_TRANSFER_SILENT: no RTP from the phone for \d+ ms$/);
  await gone(world);
});

it('one that brings the new phone later than it says so is given its time again, and the call goes on', async () => {
  const two = await talking({ ...PBX, sip: { transferSilenceMs: 4_000 } });
  const { world, call, first, second, invite } = two;
  await order(world, call.id, { to: '101' });
  const event = await referred(first);
  first.onlyReports();
  await notify(two, ...DONE, event);
  first.hush();
  second.talkTo(invite.body);
  first.peer.requestIn(invite, 'INVITE', { body: second.sdp('sendrecv', 2) });
  first.peer.ack(await first.peer.response(200, 'INVITE'));
  await hearEachOther(second, call, CONSUMER_HZ);
  // Longer than the limit, by what the phone has heard.
  const { packets } = second;
  await until(() => second.packets > packets + 250);
  second.hush();
  expect(await hungUpByConsumer(two, first)).toMatchObject({ cause: 'consumer-hangup' });
});

it('words that cross with a hang-up: each is answered, each call ends once, on both sides', async () => {
  const two = await talking(PBX);
  const { world, first, second } = two;
  const { simulator, gateway } = world;
  second.hush();
  const hangUp = async (id: string): Promise<number> =>
    (await fetch(`${gateway.adminUrl}/calls/${encodeURIComponent(id)}`, { method: 'DELETE' })).status;
  const next = async (): Promise<typeof two> => {
    const call = simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    const invite = await first.answer();
    await hearEachOther(first, call, CONSUMER_HZ);
    return { ...two, call, invite };
  };

  // The PBX tells the end and hangs up without waiting for our 200.
  await order(world, two.call.id, { to: '101' });
  tell(two, ...DONE, await referred(first));
  first.peer.requestIn(two.invite, 'BYE');
  await first.peer.response(200, 'NOTIFY');
  await first.peer.response(200, 'BYE');
  expect(await two.call.ended).toMatchObject({ by: 'business' });
  expect(await world.nextRecord()).toMatchObject({
    cause: 'phone-hangup',
    transfers: [{ outcome: 'done', status: 200 }],
  });

  // It hangs up, and tells the end behind that.
  const late = await next();
  await order(world, late.call.id, { to: '101' });
  const event = await referred(first);
  first.peer.requestIn(late.invite, 'BYE');
  tell(late, ...DONE, event);
  await first.peer.response(200, 'BYE');
  await first.peer.response(481, 'NOTIFY');
  expect(await world.nextRecord()).toMatchObject({
    cause: 'phone-hangup',
    transfers: [{ outcome: 'unknown' }],
  });

  // An operator hangs up while the REFER has no answer; that comes, and a NOTIFY with it, behind our BYE.
  const cut = await next();
  await order(world, cut.call.id, { to: '101' });
  const refer = await first.peer.request('REFER');
  expect(await hangUp(cut.call.id)).toBeLessThan(300);
  const bye = await first.peer.request('BYE');
  first.peer.respond(refer, 202);
  await notify(cut, ...DONE, 'refer', 481);
  first.peer.respond(bye, 200);
  expect(await world.nextRecord()).toMatchObject({
    cause: 'operator',
    transfers: [{ outcome: 'cancelled', status: 487 }],
  });

  // Both at once: whichever comes first, the call ends once.
  const both = await next();
  const [[ordered], hungUp] = await Promise.all([
    order(world, both.call.id, { to: '101' }),
    hangUp(both.call.id),
  ]);
  expect([202, 404, 409]).toContain(ordered);
  expect(hungUp).toBeLessThan(300);
  await first.byeComes();
  expect(await world.nextRecord()).toMatchObject({ cause: 'operator' });
  await gone(world);
  const ids = world.records.map(({ callId }) => callId);
  expect(new Set(ids).size).toBe(4);
  expect(ids).toHaveLength(4);
});
