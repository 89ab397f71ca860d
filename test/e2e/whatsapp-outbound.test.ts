import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_NUMBER, type World } from '../../src/cli/demo/world.ts';
import type { CallDelivery, ConsumerCall, DialedCall } from '../../src/sim/index.ts';
import { graphOf, until, worlds } from './world.ts';

const { start, closeAll } = worlds({ flows: true });
afterEach(closeAll);

const amina = { psid: '254711000002', name: 'Amina' };
const gone = (world: World): Promise<void> => until(() => world.gateway.calls === 0);

/** A world whose phone may call out as the WhatsApp number. */
const outbound = (more: { rule?: object; outbound?: object } = {}): Promise<World> =>
  start({
    platform: 'whatsapp',
    configure: (yaml) => {
      const rule = { trunk: 'phone1', page: DEMO_NUMBER, ...more.rule };
      yaml['outbound'] = { rules: [rule], ...more.outbound };
    },
  });

async function dial(world: World, number: string = amina.psid): Promise<DialedCall> {
  const [at] = world.gateway.sipContacts;
  const phone = world.phones[0];
  if (!at || !phone) throw new Error('no SIP address or phone');
  return phone.dial({ number, host: at.address, port: at.port });
}

/** Dials Amina, who permits it; the call at both ends. */
async function placed(
  world: World,
  connectDelivery: CallDelivery = {},
): Promise<{ phone: DialedCall; consumer: ConsumerCall }> {
  world.simulator.connectDelivery = connectDelivery;
  const next = world.simulator.nextPlaced();
  return { phone: await dial(world), consumer: await next };
}

const willing = (world: World): unknown => world.simulator.consumer({ ...amina, permission: true });

describe('a desk phone calls a WhatsApp number', () => {
  it('rings, is picked up, talks both ways by frequency, and ends when the phone hangs up', async () => {
    const world = await outbound();
    willing(world);
    const { phone, consumer } = await placed(world);
    await phone.ringing;
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await consumer.sendDtmf('42');
    await until(() => phone.heard().rxPackets > 150 && consumer.heard().rxPackets > 150);
    await phone.hangup();
    expect(await consumer.ended).toMatchObject({ status: 'Completed', by: 'business', action: 'terminate' });
    expect(Math.abs(consumer.heard().heardHz / 620 - 1)).toBeLessThan(0.02);
    expect(Math.abs(phone.heard().heardHz / 440 - 1)).toBeLessThan(0.02);
    expect(phone.heard().dtmf).toBe('42');
    expect(consumer.relay()).toMatchObject({ early: 0, strays: 0, forged: 0, refused: {} });
    expect(phone.progress).toEqual([180]);
    expect(await world.nextRecord()).toMatchObject({
      platform: 'whatsapp',
      callId: consumer.id,
      pageId: DEMO_NUMBER,
      psid: amina.psid,
      direction: 'business_initiated',
      cause: 'phone-hangup',
      answered: true,
    });
    await gone(world);
    expect(graphOf(world)).toEqual(['permission', 'connect', 'terminate']);
  });

  it('takes a plus before the number; ends when the consumer hangs up, without a word of ours', async () => {
    const world = await outbound();
    willing(world);
    const next = world.simulator.nextPlaced();
    const [phone, consumer] = [await dial(world, `+${amina.psid}`), await next];
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await consumer.hangup();
    expect(await phone.ended).toMatchObject({ by: 'gateway', how: 'BYE' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'consumer-hangup' });
    await gone(world);
    expect(graphOf(world)).toEqual(['permission', 'connect']);
  });

  it.each([
    ['late, after the pickup', { connect: { after: 'accepted', delayMs: 500 } }],
    ['with setup:actpass, which is read as active', { connect: { actpassAnswer: true } }],
    ['in its older place with bare line feeds', { connect: { legacySdp: true, bareLf: true } }],
    ['twice, and the statuses out of order', { copies: 2, ringing: { after: 'accepted' } }],
    ['without a direction', { withoutDirection: true }],
  ] as const)('the answer comes %s', async (_name, delivery) => {
    const world = await outbound();
    willing(world);
    const { phone, consumer } = await placed(world, delivery);
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await phone.hangup();
    expect(await world.nextRecord()).toMatchObject({ cause: 'phone-hangup', answered: true });
    await gone(world);
  });

  it('its webhooks overtake the reply to connect, all of them', async () => {
    const world = await outbound();
    world.simulator.consumer({ ...amina, permission: true, whenCalled: { ringAfterMs: 0, afterMs: 0 } });
    world.simulator.faults.add({ action: 'connect', kind: 'slow', delayMs: 700 });
    const { phone, consumer } = await placed(world);
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await phone.hangup();
    expect(await world.nextRecord()).toMatchObject({ answered: true, callId: consumer.id });
    await gone(world);
  });

  it('the reply to connect is lost: what Meta gave back of ours names the call, and it is ended', async () => {
    const world = await outbound();
    world.simulator.consumer({ ...amina, permission: true, whenCalled: { does: 'ignore' } });
    world.simulator.faults.add({ action: 'connect', kind: 'reset-after' });
    const { phone, consumer } = await placed(world);
    expect((await phone.ended).failure).toMatchObject({ status: 504 });
    expect(await consumer.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'connect-failed', callId: consumer.id });
    await gone(world);
  });

  it('the phone gives up while it rings: the consumer stops ringing', async () => {
    const world = await outbound();
    world.simulator.consumer({ ...amina, permission: true, whenCalled: { does: 'ignore' } });
    const { phone, consumer } = await placed(world);
    await phone.ringing;
    phone.cancel();
    expect((await phone.ended).failure).toMatchObject({ kind: 'cancelled' });
    expect(await consumer.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'phone-cancelled', answered: false });
    await gone(world);
  });

  it('the consumer declines: 603, and no terminate of ours', async () => {
    const world = await outbound();
    world.simulator.consumer({ ...amina, permission: true, whenCalled: { does: 'decline' } });
    const { phone } = await placed(world, { terminate: { after: 'rejected' } });
    expect((await phone.ended).failure).toMatchObject({ status: 603 });
    expect(await world.nextRecord()).toMatchObject({ cause: 'not-taken', meta: { terminate: 'none' } });
    await gone(world);
  });

  it('the consumer does not answer: 480', async () => {
    const world = await outbound({ outbound: { ringTimeoutMs: 5_000 } });
    world.simulator.consumer({ ...amina, permission: true, whenCalled: { does: 'ignore' } });
    const { phone } = await placed(world);
    expect((await phone.ended).failure).toMatchObject({ status: 480 });
    expect(await world.nextRecord()).toMatchObject({ cause: 'no-answer', answered: false });
    await gone(world);
  });

  it('the answer never comes: the phone, which was answered, is told', async () => {
    const world = await outbound();
    willing(world);
    const { phone, consumer } = await placed(world, { connect: { drop: true } });
    await phone.answered;
    expect(await phone.ended).toMatchObject({ by: 'gateway', how: 'BYE' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'no-answer-sdp' });
    expect(await consumer.ended).toMatchObject({ action: 'terminate' });
    await gone(world);
  });
});

describe('permission to call a WhatsApp number', () => {
  it('is missing: 403 that the phone can show, and nobody is disturbed', async () => {
    const world = await outbound();
    world.simulator.consumer({ ...amina, permission: false });
    const phone = await dial(world);
    expect((await phone.ended).failure).toMatchObject({ status: 403, reason: 'No Permission To Call' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'no-permission' });
    await gone(world);
    expect(graphOf(world)).toEqual(['permission']);
  });

  it('is asked for once where the rule says so, and the accepted call goes through', async () => {
    const world = await outbound({ rule: { requestPermission: true } });
    world.simulator.consumer({ ...amina, permission: false, whenAsked: { does: 'approve', afterMs: 300 } });
    const first = await dial(world);
    expect((await first.ended).failure).toMatchObject({ status: 403, reason: 'Permission Requested' });
    const replies = world.simulator.webhooks.answers.length;
    await until(() => world.simulator.webhooks.answers.length > replies);
    await gone(world);
    const { phone, consumer } = await placed(world);
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await phone.hangup();
    await gone(world);
    expect(graphOf(world)).toEqual(['permission', 'message', 'permission', 'connect', 'terminate']);
  });

  it.each([
    [138_000, 403],
    [138_001, 480],
    [138_002, 503],
    [138_003, 486],
    [138_006, 403],
    [138_008, 488],
    [131_055, 500],
    [100, 488],
  ])('or whatever else keeps Meta from calling: code %i is told as %i', async (code, status) => {
    const world = await outbound();
    willing(world);
    world.simulator.faults.add({ action: 'connect', kind: 'error', code, httpStatus: 400 });
    const phone = await dial(world);
    expect((await phone.ended).failure).toMatchObject({ status });
    expect(await world.nextRecord()).toMatchObject({ cause: 'connect-failed' });
    await gone(world);
  });

  it('is of no use to a number that is none', async () => {
    const world = await outbound();
    const phone = await dial(world, '12');
    expect((await phone.ended).failure).toMatchObject({ status: 404, reason: 'Unknown Number' });
  });
});
