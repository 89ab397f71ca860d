import { afterEach, describe, expect, it } from 'vitest';
import { graphOf, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const amina = { psid: '254711000002', name: 'Amina' };

describe('a WhatsApp call that is answered', () => {
  it('rings with the number and name, talks both ways by frequency, carries keys, and ends when the consumer hangs up', async () => {
    const world = await start({ platform: 'whatsapp' });
    const call = world.simulator.consumer(amina).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    if (!phone) throw new Error('no phone');
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
