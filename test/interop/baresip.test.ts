import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_PAGE } from '../../src/cli/demo/world.ts';
import { caller, until, worlds } from '../e2e/world.ts';
import { hasPeers } from '../support/peer.ts';
import { Baresip } from './support/baresip.ts';
import { heardHz } from './support/recording.ts';

const { start, closeAll } = worlds();
const phones: Baresip[] = [];
afterEach(async () => {
  await closeAll();
  for (const phone of phones.splice(0)) await phone.close();
});

describe.runIf(hasPeers('baresip'))('baresip as the desk phone', () => {
  it.each([
    { ours: 'PCMU', codec: 'PCMU/8000/1', module: 'g711', hangup: 'consumer' },
    { ours: 'PCMA', codec: 'PCMA/8000/1', module: 'g711', hangup: 'phone' },
    { ours: 'G722', codec: 'G722/16000/1', module: 'g722', hangup: 'consumer' },
    { ours: 'opus', codec: 'opus/48000/2', module: 'opus', hangup: 'phone' },
  ] as const)('talks $ours both ways; $hangup hangs up', async ({ ours, codec, module, hangup }) => {
    const phone = await Baresip.start({ codec, module, toneHz: 700 });
    phones.push(phone);
    const world = await start({
      codecs: [ours],
      phone: { user: 'desk', host: '127.0.0.1', port: phone.port },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await phone.event('CALL_ESTABLISHED');
    await call.firstAudio;
    await until(() => call.heard().rxPackets > 80);
    if (hangup === 'phone') phone.hangup();
    else await call.hangup();
    await call.ended;
    await phone.event('CALL_CLOSED');
    expect(await world.nextRecord()).toMatchObject({
      cause: `${hangup}-hangup`,
      codec: ours,
      answered: true,
    });
    await until(() => world.gateway.calls === 0);
    expect(Math.abs(call.heard().heardHz / 700 - 1)).toBeLessThan(0.02);
    expect(Math.abs(heardHz(phone.heard()) / 440 - 1)).toBeLessThan(0.02);
  });

  it.each([
    { trunk: 'required', srtp: 'srtp-mand' },
    { trunk: 'optional', srtp: 'srtp' },
    { trunk: 'optional', srtp: undefined },
  ] as const)(
    'talks SRTP with keys in SDP both ways: trunk $trunk, baresip $srtp',
    async ({ trunk, srtp }) => {
      const phone = await Baresip.start({ toneHz: 700, ...(srtp && { srtp }) });
      phones.push(phone);
      const world = await start({
        phone: { user: 'desk', host: '127.0.0.1', port: phone.port },
        configure: (yaml) => {
          const { phone1 } = yaml['trunks'] as { phone1: Record<string, unknown> };
          phone1['srtp'] = trunk;
        },
      });
      const call = world.simulator.consumer(caller).call({ toneHz: 440 });
      await phone.event('CALL_ESTABLISHED');
      if (srtp) await phone.line(/SRTP is Enabled \(cryptosuite=AES_CM_128_HMAC_SHA1_80\)/);
      await call.firstAudio;
      await until(() => call.heard().rxPackets > 80);
      await phone.hears();
      // Hold and resume come as re-INVITEs, with keys of their own.
      await phone.hold();
      await phone.resume();
      const told = call.heard().rxPackets;
      await until(() => call.heard().rxPackets > told + 50);
      await call.hangup();
      await phone.event('CALL_CLOSED');
      const record = await world.nextRecord();
      expect(record).toMatchObject({ cause: 'consumer-hangup', answered: true });
      await until(() => world.gateway.calls === 0);
      expect(Math.abs(call.heard().heardHz / 700 - 1)).toBeLessThan(0.02);
      expect(Math.abs(heardHz(phone.heard()) / 440 - 1)).toBeLessThan(0.02);
    },
  );

  it('is told 488 when it calls in the clear and the trunk requires SRTP', async () => {
    const phone = await Baresip.start({ toneHz: 700 });
    phones.push(phone);
    const world = await start({
      phone: { user: 'desk', host: '127.0.0.1', port: phone.port },
      configure: (yaml) => {
        const { phone1 } = yaml['trunks'] as { phone1: Record<string, unknown> };
        phone1['srtp'] = 'required';
        yaml['outbound'] = { rules: [{ trunk: 'phone1', page: DEMO_PAGE }] };
      },
    });
    world.simulator.consumer({ ...caller, permission: true });
    const [at] = world.gateway.sipContacts;
    phone.dial(`sip:${caller.psid}@127.0.0.1:${at?.port}`);
    expect((await phone.event('CALL_CLOSED')).param).toContain('488');
  });

  it.each(['phone', 'consumer'] as const)('calls a consumer; the %s hangs up', async (last) => {
    const phone = await Baresip.start({ toneHz: 700 });
    phones.push(phone);
    const world = await start({
      phone: { user: 'desk', host: '127.0.0.1', port: phone.port },
      configure: (yaml) => {
        yaml['outbound'] = {
          rules: [{ trunk: 'phone1', page: DEMO_PAGE }],
          directory: { first: 7001, last: 7099 },
        };
      },
    });
    world.simulator.consumer({ ...caller, permission: true });
    const [at] = world.gateway.sipContacts;
    const next = world.simulator.nextPlaced();
    phone.dial(`sip:${caller.psid}@127.0.0.1:${at?.port}`);
    const called = await next;
    expect(called.psid).toBe(caller.psid);
    await phone.event('CALL_RINGING');
    await phone.event('CALL_ESTABLISHED');
    await called.firstAudio;
    await until(() => called.heard().rxPackets > 80);
    await phone.hears();
    if (last === 'phone') phone.hangup();
    else await called.hangup();
    await called.ended;
    await phone.event('CALL_CLOSED');
    expect(await world.nextRecord()).toMatchObject({
      direction: 'business_initiated',
      cause: `${last}-hangup`,
      answered: true,
    });
    await until(() => world.gateway.calls === 0);
    expect(Math.abs(called.heard().heardHz / 700 - 1)).toBeLessThan(0.02);
    expect(Math.abs(heardHz(phone.heard()) / 440 - 1)).toBeLessThan(0.02);
  });
});
