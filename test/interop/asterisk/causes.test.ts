import { describe, expect, it } from 'vitest';
import { DEMO_PAGE } from '../../../src/cli/demo/world.ts';
import { caller, finished, gone } from '../../e2e/world.ts';
import { hasPeers } from '../../support/peer.ts';
import type { AmiMessage } from '../support/asterisk/ami.ts';
import { ANNOUNCEMENT_HZ } from '../support/asterisk/config.ts';
import { hasAsterisk } from '../support/asterisk/has-asterisk.ts';
import { asteriskLab } from '../support/asterisk/lab.ts';
import { consumerHears } from '../support/ears.ts';

const MILLIWATT_HZ = 1_004;

describe.runIf(hasAsterisk())('how a call ends', () => {
  const { asterisk, world: start, phone: startPhone } = asteriskLab();

  /** The end of the trunk's channel, as Asterisk tells it, of the call that is placed now. */
  const nextHangup = (exten: string): Promise<AmiMessage> =>
    asterisk().ami.event({ Event: 'Hangup', Exten: exten }, { after: asterisk().ami.events.length });

  it.each([
    { extension: 'busy', cause: 'busy', status: 486, q850: '17' },
    { extension: 'congestion', cause: 'unreachable', status: 503, q850: '34' },
    { extension: 'barred', cause: 'declined', status: 403, q850: '21' },
  ] as const)('$extension: $status, Q.850 $q850, and the consumer is rejected', async (by) => {
    const world = await start({ extension: by.extension });
    const hangup = nextHangup(by.extension);
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    expect(await call.ended).toMatchObject({ by: 'business', action: 'reject' });
    expect(await world.nextRecord()).toMatchObject({ cause: by.cause, answered: false });
    expect((await hangup)['Cause']).toBe(by.q850);
    await gone(world);
  });

  it('nobody answers: Asterisk is cancelled, the consumer rejected', async () => {
    const world = await start({
      extension: 'ringing',
      configure: (yaml) => {
        const { desk } = yaml['routes'] as { desk: { targets: { ringTimeoutMs?: number }[] } };
        for (const target of desk.targets) target.ringTimeoutMs = 1_500;
      },
    });
    const hangup = nextHangup('ringing');
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    expect(await call.ended).toMatchObject({ by: 'business', action: 'reject' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'no-answer', answered: false });
    expect((await hangup)['Cause']).toBe('19');
    await gone(world);
  });

  it('the consumer hangs up while it rings', async () => {
    const world = await start({ extension: 'ringing' });
    const hangup = nextHangup('ringing');
    const ringing = asterisk().ami.event(
      { Event: 'Newexten', Extension: 'ringing', Application: 'Wait' },
      { after: asterisk().ami.events.length },
    );
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await ringing;
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ cause: 'cancelled', answered: false });
    expect((await hangup)['Cause']).toBe('16');
    await gone(world);
  });

  it('Asterisk hangs up, the consumer hears it out', async () => {
    const world = await start({ extension: 'pbx-hangs-up', codecs: ['opus'] });
    const hangup = nextHangup('pbx-hangs-up');
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await consumerHears(call, ANNOUNCEMENT_HZ);
    expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'phone-hangup', answered: true });
    expect((await hangup)['Cause']).toBe('16');
    await gone(world);
  });

  it('the consumer hangs up', async () => {
    const world = await start({ extension: 'milliwatt', codecs: ['G722'] });
    const hangup = nextHangup('milliwatt');
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await consumerHears(call, MILLIWATT_HZ);
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ cause: 'consumer-hangup', answered: true });
    expect((await hangup)['Cause']).toBe('16');
    await gone(world);
  });

  it('an announcement before the answer is early media: the consumer is accepted only after it', async () => {
    const world = await start({ extension: 'early' });
    const from = asterisk().ami.events.length;
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await asterisk().ami.event({ UserEvent: 'Announced' }, { after: from });
    expect(call.state).toBe('ringing');
    await call.firstAudio;
    await consumerHears(call, MILLIWATT_HZ);
    await call.hangup();
    expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup', answered: true });
  });

  it('early media accepted: an announcement is heard before the answer', async () => {
    const world = await start({
      extension: 'early',
      configure: (yaml) => {
        const { desk } = yaml['routes'] as { desk: { earlyMedia?: string } };
        desk.earlyMedia = 'accept';
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await consumerHears(call, ANNOUNCEMENT_HZ);
    await consumerHears(call, MILLIWATT_HZ);
    await call.hangup();
    expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup', answered: true });
  });

  it.runIf(hasPeers('baresip')).each([
    { what: 'does not permit it', consumer: { permission: false }, status: '403', cause: 'no-permission' },
    {
      what: 'declines',
      consumer: { permission: true, whenCalled: { does: 'decline' } },
      status: '480',
      cause: 'not-taken',
    },
  ] as const)('a phone calls a consumer who $what: $status', async (by) => {
    const anna = await startPhone('anna', { toneHz: 700 });
    const world = await start({
      extension: 'anna',
      configure: (yaml) => {
        yaml['outbound'] = { rules: [{ trunk: 'phone1', page: DEMO_PAGE }] };
      },
    });
    world.simulator.consumer({ ...caller, ...by.consumer });
    anna.dial(`sip:${caller.psid}@127.0.0.1:${asterisk().ports.sip}`);
    expect((await anna.event('CALL_CLOSED')).param).toContain(by.status);
    expect(await finished(world)).toMatchObject({ cause: by.cause, answered: false });
  });
});
