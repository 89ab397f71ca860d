import { afterEach, describe, expect, it } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import type { ConsumerCall, NewCall, PhoneCall } from '../../src/sim/index.ts';
import { graphOf, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const amina = { psid: '254711000002', name: 'Amina' };
const gone = (world: World): Promise<void> => until(() => world.gateway.calls === 0);

/** Amina calls, and a phone rings. */
async function ringing(
  world: World,
  more: Partial<NewCall> = {},
): Promise<{ call: ConsumerCall; phone: PhoneCall }> {
  const call = world.simulator.consumer(amina).call({ toneHz: 440, ...more });
  const phone = await world.phones[0]?.nextCall();
  if (!phone) throw new Error('no phone');
  return { call, phone };
}

describe('a WhatsApp call that is answered', () => {
  it('rings with the number and name, talks both ways by frequency, carries keys, and ends when the consumer hangs up', async () => {
    const world = await start({ platform: 'whatsapp' });
    const { call, phone } = await ringing(world);
    expect(call.id).toMatch(/^wacid\./);
    expect(phone.callerName).toBe('Amina');
    expect(phone.callerUser).toBe(amina.psid);
    expect(phone.header('x-meta-call-id')).toBe(call.id);
    expect(phone.header('x-meta-page-id')).toBe(call.pageId);
    expect(phone.header('x-meta-platform')).toBe('whatsapp');
    await Promise.all([call.firstAudio, phone.firstAudio]);
    await call.sendDtmf('159*0#');
    await until(() => phone.heard().rxPackets > 250 && call.heard().rxPackets > 200);
    await call.hangup();
    expect(await phone.ended).toEqual({ by: 'gateway', how: 'BYE' });
    expect(Math.abs(call.heard().heardHz / 620 - 1)).toBeLessThan(0.02);
    expect(Math.abs(phone.heard().heardHz / 440 - 1)).toBeLessThan(0.02);
    expect(phone.heard().dtmf).toBe('159*0#');
    expect(call.relay()).toMatchObject({ strays: 0, forged: 0, strangers: 0, refused: {}, early: 0 });
    expect(await world.nextRecord()).toMatchObject({
      platform: 'whatsapp',
      callId: call.id,
      psid: amina.psid,
      cause: 'consumer-hangup',
      answered: true,
      dtmfDigits: 6,
      meta: { preAccept: 'done', accept: 'done', terminate: 'none' },
    });
    await until(() => world.gateway.calls === 0);
    // Meta told us of the end: nothing is asked of it any more.
    expect(graphOf(world)).toEqual(['pre_accept', 'accept']);
  });
});

describe('a WhatsApp call, from either side', () => {
  it('ends by our terminate when the phone hangs up', async () => {
    const world = await start({ platform: 'whatsapp', codecs: ['G722'] });
    const { call, phone } = await ringing(world);
    await Promise.all([call.firstAudio, phone.firstAudio]);
    await phone.hangup();
    expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'phone-hangup', codec: 'G722' });
    await gone(world);
    expect(graphOf(world)).toEqual(['pre_accept', 'accept', 'terminate']);
  });

  it('carries keys to an Opus phone at its own clock', async () => {
    const world = await start({ platform: 'whatsapp', codecs: ['opus'] });
    const { call, phone } = await ringing(world, { reply: { telephoneEvent: true } });
    await Promise.all([call.firstAudio, phone.firstAudio]);
    await call.sendDtmf('47#');
    await until(() => phone.heard().dtmf === '47#');
    await until(() => phone.heard().rxPackets > 150);
    expect(phone.heard().lost).toBe(0);
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ codec: 'opus', dtmfDigits: 3 });
    await gone(world);
  });

  it('has its media up while the phone rings, and nothing is sent before the accept', async () => {
    const world = await start({ platform: 'whatsapp', phones: [{ ringMs: 1_500 }] });
    const { call, phone } = await ringing(world);
    await until(() => (call.relay()?.answered ?? 0) > 0 && call.preAnswer !== undefined);
    await Promise.all([call.firstAudio, phone.firstAudio]);
    expect(call.relay()?.early).toBe(0);
    await call.hangup();
    const record = (await world.nextRecord()) as { milestones: Record<string, number> };
    const { secure = Infinity, answered = 0, acceptDone = Infinity } = record.milestones;
    expect(secure).toBeLessThan(answered);
    expect(acceptDone).toBeGreaterThanOrEqual(answered);
    await gone(world);
  });

  it.each([
    [486, 'busy'],
    [603, 'declined'],
  ])('is ended by terminate when the phone says %i after the pre_accept', async (status, cause) => {
    const world = await start({ platform: 'whatsapp', phones: [{ behaviour: status, ringMs: 10 }] });
    const call = world.simulator.consumer(amina).call({ toneHz: 440 });
    expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await world.nextRecord()).toMatchObject({ cause, answered: false, meta: { reject: 'none' } });
    await gone(world);
    expect(graphOf(world).sort()).toEqual(['pre_accept', 'terminate']);
  });

  it('ends without a word of ours when the consumer hangs up while it rings', async () => {
    const world = await start({ platform: 'whatsapp', phones: [{ behaviour: 'never' }] });
    const { call, phone } = await ringing(world);
    await call.hangup();
    expect((await phone.ended).how).toBe('CANCEL');
    expect(await world.nextRecord()).toMatchObject({ cause: 'cancelled', meta: { terminate: 'none' } });
    await gone(world);
    expect(graphOf(world)).toEqual(['pre_accept']);
  });

  it('rings no longer than WhatsApp does: the number has its own window', async () => {
    const world = await start({
      platform: 'whatsapp',
      phones: [{ behaviour: 'never' }],
      configure: (yaml) => {
        const { numbers } = yaml['meta'] as { numbers: Record<string, unknown>[] };
        Object.assign(numbers[0] ?? {}, { acceptWindowMs: 10_000 });
      },
    });
    const { call, phone } = await ringing(world);
    expect((await phone.ended).how).toBe('CANCEL');
    expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
    const record = (await world.nextRecord()) as { cause: string; ringMs: number };
    expect(record.cause).toBe('no-answer');
    expect(record.ringMs).toBeLessThanOrEqual(5_000);
    await gone(world);
  });

  it('hangs up when nobody at all answers at the media relay: Meta says failed, with its code', async () => {
    const world = await start({ platform: 'whatsapp' });
    const { call, phone } = await ringing(world, { silenceDropMs: { start: 100, later: 1 } });
    await phone.ended;
    expect(await call.ended).toMatchObject({ status: 'Failed', by: 'meta' });
    expect(await world.nextRecord()).toMatchObject({
      cause: 'meta-failed',
      detail: 'Meta saw no media for too long (code 138021)',
    });
    await gone(world);
  });
});

describe('webhooks of a WhatsApp call', () => {
  it.each([
    ['twice', { copies: 2 }],
    ['without a direction, the offer in its older place, the status in a list', odd()],
    ['with bare line feeds', { bareLf: true }],
  ])('come %s', async (_name, delivery) => {
    const world = await start({ platform: 'whatsapp' });
    const { call, phone } = await ringing(world, { delivery });
    await Promise.all([call.firstAudio, phone.firstAudio]);
    await call.hangup();
    await phone.ended;
    expect(await world.nextRecord()).toMatchObject({
      cause: 'consumer-hangup',
      meta: { status: 'completed' },
    });
    await gone(world);
    expect(world.records).toHaveLength(1);
    expect(graphOf(world)).toEqual(['pre_accept', 'accept']);
  });

  it('bring the terminate before the connect: nothing rings', async () => {
    const world = await start({ platform: 'whatsapp' });
    const call = world.simulator
      .consumer(amina)
      .call({ toneHz: 440, delivery: { connect: { after: 'terminate' } } });
    await until(() => call.relay() !== undefined);
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({
      platform: 'whatsapp',
      cause: 'missed',
      detail: 'terminated-before',
    });
    expect(world.phones[0]?.calls).toHaveLength(0);
    expect(graphOf(world)).toEqual([]);
  });

  it("are nobody's when a Page's envelope names the number", async () => {
    const world = await start({ platform: 'whatsapp' });
    const event = { id: 'c_1', event: 'connect', from: '7', to: '550022001100', timestamp: 1 };
    const body = { object: 'page', entry: [{ id: '550022001100', time: 1, calls: [event] }] };
    expect(await world.simulator.webhooks.raw(JSON.stringify(body))).toBe(200);
    expect(world.gateway.calls).toBe(0);
  });
});

describe('Graph, about a WhatsApp call', () => {
  it('fails to pre-accept: the accept still brings the answer', async () => {
    const world = await start({ platform: 'whatsapp' });
    world.simulator.faults.add({ action: 'pre_accept', kind: 'error', code: 131_000, httpStatus: 400 });
    const { call, phone } = await ringing(world);
    await Promise.all([call.firstAudio, phone.firstAudio]);
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ meta: { preAccept: 'failed', accept: 'done' } });
    await gone(world);
  });

  it('is slow to pre-accept: the accept waits for it', async () => {
    const world = await start({ platform: 'whatsapp' });
    world.simulator.faults.add({ action: 'pre_accept', kind: 'slow', delayMs: 800 });
    const { call, phone } = await ringing(world);
    await Promise.all([call.firstAudio, phone.firstAudio]);
    await call.hangup();
    await world.nextRecord();
    await gone(world);
    expect(graphOf(world)).toEqual(['pre_accept', 'accept']);
  });

  it('says at the pre_accept that the call is over: the phone stops ringing', async () => {
    const world = await start({ platform: 'whatsapp', phones: [{ behaviour: 'never' }] });
    const text = '(#100) The call has ended';
    world.simulator.faults.add({ action: 'pre_accept', kind: 'error', code: 100, text });
    const { call, phone } = await ringing(world);
    expect((await phone.ended).how).toBe('CANCEL');
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ cause: 'cancelled', meta: { terminate: 'none' } });
    await gone(world);
  });

  it.each([
    ['refuses the accept', 'error', 'failed'],
    ['loses the accept', 'reset-after', 'ambiguous'],
  ] as const)('%s: both ends are told, and it is never sent again', async (_name, kind, accept) => {
    const world = await start({ platform: 'whatsapp' });
    world.simulator.faults.add({ action: 'accept', kind, code: 138_004, httpStatus: 400 });
    const { call, phone } = await ringing(world);
    expect((await phone.ended).how).toBe('BYE');
    expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'accept-failed', meta: { accept } });
    await gone(world);
    expect(graphOf(world).filter((action) => action === 'accept').length).toBeLessThanOrEqual(1);
  });

  it('is told of a call that there is no room for', async () => {
    const world = await start({
      platform: 'whatsapp',
      configure: (yaml) => {
        yaml['limits'] = { maxCalls: 1 };
      },
    });
    const { call, phone } = await ringing(world);
    await Promise.all([call.firstAudio, phone.firstAudio]);
    const second = world.simulator.consumer({ psid: '254711000003' }).call({ toneHz: 500 });
    expect(await second.ended).toMatchObject({ by: 'business', action: 'reject' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'missed', detail: 'over-limit' });
    await call.hangup();
    await world.nextRecord();
    await gone(world);
  });
});

/** Everything that samples have in another form. */
function odd(): NonNullable<NewCall['delivery']> {
  return { withoutDirection: true, legacySdp: true, oddStatus: true };
}
