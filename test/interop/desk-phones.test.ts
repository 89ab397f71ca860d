import { describe, expect, it } from 'vitest';
import { caller, finished, until } from '../e2e/world.ts';
import { hasPeers } from '../support/peer.ts';
import { Baresip } from './support/baresip.ts';
import { CONSUMER_HZ, desks, PHONE_HZ, PHONE_KINDS, toneWav } from './support/desk.ts';
import { consumerHears } from './support/ears.ts';
import { isTone } from './support/recording.ts';

const MUSIC_HZ = 990;

const { world: start, phone: startPhone, closes } = desks();

describe.runIf(hasPeers('baresip', 'linphonec')).each(PHONE_KINDS)('%s without a PBX', (kind) => {
  it.each([
    { codec: 'PCMU', last: 'consumer' },
    { codec: 'PCMA', last: 'phone' },
    { codec: 'G722', last: 'consumer' },
    { codec: 'opus', last: 'phone' },
  ] as const)('talks $codec both ways; the $last hangs up', async ({ codec, last }) => {
    const phone = await startPhone(kind, { codec });
    const world = await start({ to: phone, codecs: [codec] });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await phone.established();
    await consumerHears(call, PHONE_HZ);
    await phone.hears(2);
    if (last === 'phone') phone.hangup();
    else await call.hangup();
    await Promise.all([call.ended, phone.ended()]);
    expect(await finished(world)).toMatchObject({ cause: `${last}-hangup`, codec, answered: true });
    expect(isTone(phone.heard(), CONSUMER_HZ)).toBe(true);
  });

  it('holds: the consumer hears music, and the phone again when it resumes', async () => {
    const music = closes(toneWav(MUSIC_HZ)).path;
    const phone = await startPhone(kind, { music });
    const world = await start({
      to: phone,
      configure: (yaml) => {
        // A linphone sends music of its own, and then it is that.
        if (kind === 'baresip') yaml['sounds'] = { files: { music }, hold: 'music' };
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await consumerHears(call, PHONE_HZ);
    // After a hold a baresip records into another file.
    await phone.hears(2);
    for (let times = 0; times < 2; times++) {
      await phone.hold();
      await consumerHears(call, MUSIC_HZ);
      await phone.resume();
      await consumerHears(call, PHONE_HZ);
    }
    await call.hangup();
    await phone.ended();
    expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup' });
    expect(isTone(phone.heard(), CONSUMER_HZ)).toBe(true);
  });

  it('talks SRTP with keys in SDP, and goes on after a hold', async () => {
    const phone = await startPhone(kind, { srtp: true });
    const world = await start({ to: phone, trunk: { srtp: 'required' } });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await phone.established();
    await consumerHears(call, PHONE_HZ);
    await phone.hears(2);
    // Hold and resume come as re-INVITEs, with keys of their own.
    await phone.hold();
    await phone.resume();
    await consumerHears(call, PHONE_HZ);
    await call.hangup();
    await phone.ended();
    expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup', answered: true });
    expect(isTone(phone.heard(), CONSUMER_HZ)).toBe(true);
  });

  it('has no call in the clear where the trunk requires SRTP', async () => {
    const phone = await startPhone(kind);
    const world = await start({ to: phone, trunk: { srtp: 'required' }, outbound: true });
    world.simulator.consumer({ ...caller, permission: true });
    const [at] = world.gateway.sipContacts;
    phone.dial(`sip:${caller.psid}@127.0.0.1:${at?.port}`);
    await phone.ended();
    expect(world.simulator.requests.filter(({ action }) => action === 'connect')).toEqual([]);
  });

  it.each(['phone', 'consumer'] as const)('calls a consumer; the %s hangs up', async (last) => {
    const phone = await startPhone(kind);
    const world = await start({ to: phone, outbound: true });
    world.simulator.consumer({ ...caller, permission: true });
    const [at] = world.gateway.sipContacts;
    const placed = world.simulator.nextPlaced();
    phone.dial(`sip:${caller.psid}@127.0.0.1:${at?.port}`);
    const called = await placed;
    expect(called.psid).toBe(caller.psid);
    await phone.established();
    await consumerHears(called, PHONE_HZ);
    await phone.hears(2);
    if (last === 'phone') phone.hangup();
    else await called.hangup();
    await Promise.all([called.ended, phone.ended()]);
    const direction = 'business_initiated';
    expect(await finished(world)).toMatchObject({ direction, cause: `${last}-hangup`, answered: true });
    expect(isTone(phone.heard(), CONSUMER_HZ)).toBe(true);
  });

  it('calls back by the short number that it was shown', async () => {
    const phone = await startPhone(kind);
    const world = await start({ to: phone, outbound: true });
    const call = world.simulator.consumer({ ...caller, permission: true }).call({ toneHz: CONSUMER_HZ });
    await phone.established();
    expect(phone.caller()).toBe('70001');
    await call.firstAudio;
    phone.hangup();
    await Promise.all([phone.ended(), finished(world)]);
    const [at] = world.gateway.sipContacts;
    const placed = world.simulator.nextPlaced();
    phone.dial(`sip:${phone.caller()}@127.0.0.1:${at?.port}`);
    const back = await placed;
    expect(back.psid).toBe(caller.psid);
    await consumerHears(back, PHONE_HZ);
    phone.hangup();
    await back.ended;
    expect(await finished(world)).toMatchObject({ direction: 'business_initiated' });
  });
});

/** baresip has no other way to press keys, and both hear what comes in either. */
const KEYS = [
  { kind: 'baresip', dtmf: 'rfc4733', codec: 'PCMU' },
  { kind: 'baresip', dtmf: 'rfc4733', codec: 'opus' },
  { kind: 'linphone', dtmf: 'rfc4733', codec: 'PCMU' },
  { kind: 'linphone', dtmf: 'rfc4733', codec: 'opus' },
  { kind: 'linphone', dtmf: 'info', codec: 'PCMU' },
] as const;

describe.runIf(hasPeers('baresip', 'linphonec'))('keys', () => {
  it.each([...KEYS, { kind: 'baresip', dtmf: 'info', codec: 'PCMU' } as const])(
    'of the consumer reach $kind: $dtmf, $codec',
    async ({ kind, dtmf, codec }) => {
      const phone = await startPhone(kind, { codec, dtmf });
      const world = await start({ to: phone, codecs: [codec], trunk: { dtmf } });
      const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
      await phone.established();
      await call.firstAudio;
      await call.sendDtmf('159#');
      await until(() => phone.keys().length >= 4);
      expect(phone.keys()).toBe('159#');
      await call.hangup();
      expect(await finished(world)).toMatchObject({ dtmfDigits: 4 });
    },
  );

  it.each(KEYS)('of $kind reach the consumer: $dtmf, $codec', async ({ kind, dtmf, codec }) => {
    const phone = await startPhone(kind, { codec, dtmf });
    const world = await start({ to: phone, codecs: [codec], trunk: { dtmf: 'auto' } });
    const call = world.simulator
      .consumer(caller)
      .call({ toneHz: CONSUMER_HZ, reply: { telephoneEvent: true } });
    await phone.established();
    await call.firstAudio;
    phone.press('27*');
    await until(() => (call.relay()?.keys.length ?? 0) >= 3);
    expect(call.relay()).toMatchObject({ keys: '27*', strays: 0 });
    await call.hangup();
    await finished(world);
  });
});

describe.runIf(hasPeers('baresip'))('baresip on a trunk whose SRTP is optional', () => {
  it.each(['srtp', undefined] as const)('has its way: %s', async (srtp) => {
    const phone = closes(await Baresip.start({ toneHz: PHONE_HZ, ...(srtp && { srtp }) }));
    const world = await start({ to: phone, trunk: { srtp: 'optional' } });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await phone.established();
    if (srtp) await phone.line(/SRTP is Enabled \(cryptosuite=AES_CM_128_HMAC_SHA1_80\)/);
    await consumerHears(call, PHONE_HZ);
    await phone.hears(2);
    await call.hangup();
    await phone.ended();
    await finished(world);
    expect(isTone(phone.heard(), CONSUMER_HZ)).toBe(true);
  });
});
