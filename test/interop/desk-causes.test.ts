import { describe, expect, it } from 'vitest';
import { caller, finished } from '../e2e/world.ts';
import { hasPeers } from '../support/peer.ts';
import { CONSUMER_HZ, desks, PHONE_HZ, PHONE_KINDS } from './support/desk.ts';
import { consumerHears } from './support/ears.ts';

const other = { psid: '1234567890123456', name: 'Baraka' };

const { world: start, phone: startPhone } = desks();

describe.runIf(hasPeers('baresip', 'linphonec')).each(PHONE_KINDS)('how a call ends with %s', (kind) => {
  it('busy: the second consumer is rejected, the first goes on', async () => {
    const phone = await startPhone(kind, { maxCalls: 1 });
    const world = await start({ to: phone });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await phone.established();
    const second = world.simulator.consumer(other).call({ toneHz: 550 });
    expect(await second.ended).toMatchObject({ by: 'business', action: 'reject' });
    expect(await world.nextRecord()).toMatchObject({
      cause: 'busy',
      answered: false,
      attempts: [{ status: 486 }],
    });
    await consumerHears(call, PHONE_HZ);
    await call.hangup();
    expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup', answered: true });
  });

  it('the phone declines: the consumer is rejected', async () => {
    const phone = await startPhone(kind, { answers: false });
    const world = await start({ to: phone });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await phone.ringing();
    phone.hangup();
    expect(await call.ended).toMatchObject({ by: 'business', action: 'reject' });
    await phone.ended();
    const record = await finished(world);
    expect(record['answered']).toBe(false);
    // Of desk phones that are declined some say so, some are busy.
    expect(['declined', 'busy']).toContain(record['cause']);
  });

  it('nobody answers: the phone is cancelled, the consumer rejected', async () => {
    const phone = await startPhone(kind, { answers: false });
    const world = await start({
      to: phone,
      route: { targets: [{ trunk: 'phone1', user: 'desk', ringTimeoutMs: 1_500 }] },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await phone.ringing();
    expect(await call.ended).toMatchObject({ by: 'business', action: 'reject' });
    await phone.ended();
    expect(await finished(world)).toMatchObject({ cause: 'no-answer', answered: false });
  });

  it('the consumer hangs up while it rings', async () => {
    const phone = await startPhone(kind, { answers: false });
    const world = await start({ to: phone });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await phone.ringing();
    await call.hangup();
    await Promise.all([call.ended, phone.ended()]);
    expect(await finished(world)).toMatchObject({ cause: 'cancelled', answered: false });
  });

  it.each([
    { what: 'does not permit it', consumer: { permission: false }, cause: 'no-permission' },
    {
      what: 'declines',
      consumer: { permission: true, whenCalled: { does: 'decline' } },
      cause: 'not-taken',
    },
  ] as const)('the phone calls a consumer who $what', async (by) => {
    const phone = await startPhone(kind);
    const world = await start({ to: phone, outbound: true });
    world.simulator.consumer({ ...caller, ...by.consumer });
    const [at] = world.gateway.sipContacts;
    phone.dial(`sip:${caller.psid}@127.0.0.1:${at?.port}`);
    await phone.ended();
    expect(await finished(world)).toMatchObject({ cause: by.cause, answered: false });
  });
});

describe.runIf(hasPeers('linphonec'))('early media of linphone', () => {
  it('is heard before it answers where the route wants that', async () => {
    const phone = await startPhone('linphone', { answers: 'early' });
    const world = await start({ to: phone, route: { earlyMedia: 'accept' } });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await phone.ringing();
    await consumerHears(call, PHONE_HZ);
    phone.answer();
    await phone.established();
    await phone.hears();
    await consumerHears(call, PHONE_HZ);
    phone.hangup();
    await Promise.all([call.ended, phone.ended()]);
    expect(await finished(world)).toMatchObject({ cause: 'phone-hangup', answered: true });
  });
});
