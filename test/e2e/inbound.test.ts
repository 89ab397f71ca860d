import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { Authority } from '../sip-server/support/certificates.ts';
import { caller, graphOf, itEmbedded, until, worlds } from './world.ts';

const { start, closeAll } = worlds({ flows: true });
afterEach(closeAll);

describe('a call that is answered', () => {
  it('rings with the caller and ids, talks both ways by frequency, carries keys, and ends when the consumer hangs up', async () => {
    const world = await start();
    const call = world.simulator.consumer(caller).call({ toneHz: 440, dtx: true });
    const phone = await world.phones[0]?.nextCall();
    if (!phone) throw new Error('no phone');
    expect(phone.callerName).toBe('Amina Otieno');
    expect(phone.callerUser).toBe(caller.psid);
    expect(phone.header('x-meta-call-id')).toBe(call.id);
    expect(phone.header('x-meta-page-id')).toBe(call.pageId);
    expect(phone.header('x-meta-psid')).toBe(caller.psid);
    expect(phone.header('x-meta-voip-only')).toBe('1');
    await Promise.all([call.firstAudio, phone.firstAudio]);
    await call.sendDtmf('159*0#');
    await call.sendDtmf('');
    await until(() => phone.heard().rxPackets > 250 && call.heard().rxPackets > 200);
    await call.hangup();
    expect(await phone.ended).toEqual({ by: 'gateway', how: 'BYE' });
    expect(Math.abs(call.heard().heardHz / 620 - 1)).toBeLessThan(0.02);
    expect(Math.abs(phone.heard().heardHz / 440 - 1)).toBeLessThan(0.02);
    expect(phone.heard().dtmf).toBe('159*0#');
    expect(phone.strays).toBe(0);
    expect(call.relay()).toMatchObject({
      strays: 0,
      forged: 0,
      strangers: 0,
      refused: {},
      rtcp: { remoteLost: 0 },
    });
    expect(call.relay()?.rtcp.senderReports).toBeGreaterThan(0);
    const record = await world.nextRecord();
    expect(record).toMatchObject({
      cause: 'consumer-hangup',
      endedBy: 'consumer',
      answered: true,
      dtmfDigits: 6,
      codec: 'PCMU',
    });
    await until(() => world.gateway.calls === 0);
    // Meta told us of the end: nothing is asked of it any more.
    expect(graphOf(world)).toEqual(['accept']);
  });

  it('ends with exactly one terminate when the phone hangs up', async () => {
    const world = await start();
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    await phone?.hangup();
    expect(await call.ended).toMatchObject({ status: 'Completed', by: 'business' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'phone-hangup', endedBy: 'phone' });
    await until(() => world.gateway.calls === 0);
    expect(graphOf(world)).toEqual(['accept', 'terminate']);
  });

  it('survives a network that loses, delays, swaps and doubles', async () => {
    const world = await start();
    const call = world.simulator
      .consumer(caller)
      .call({ toneHz: 440, lossPercent: 3, jitterMs: 30, reorderPercent: 2, duplicatePercent: 2 });
    const phone = await world.phones[0]?.nextCall();
    await until(() => (phone?.heard().rxPackets ?? 0) > 150);
    expect(Math.abs((phone?.heard().heardHz ?? 0) / 440 - 1)).toBeLessThan(0.02);
    // The gateway smooths it all out: the phone's own sequence has no hole.
    expect(phone?.heard().lost).toBe(0);
    expect(call.relay()).toMatchObject({ strays: 0, forged: 0 });
    await call.hangup();
    await world.nextRecord();
    await until(() => world.gateway.calls === 0);
  });

  it.each([
    ['without a renegotiation offer', { withoutRenegotiation: true }],
    ['with another ufrag in the renegotiation', { otherUfrag: true }],
    ['with SDPs as strings', { sdpAsString: true }],
    ['with the session as a JSON string', { sessionAsString: true, telephoneEvent: true }],
  ])('talks both ways %s', async (_name, reply) => {
    const world = await start({ codecs: ['G722'] });
    const call = world.simulator.consumer(caller).call({ toneHz: 500, reply });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    await until(() => call.heard().rxPackets > 60 && (phone?.heard().rxPackets ?? 0) > 60);
    expect(Math.abs((phone?.heard().heardHz ?? 0) / 500 - 1)).toBeLessThan(0.02);
    expect(Math.abs(call.heard().heardHz / 620 - 1)).toBeLessThan(0.02);
    await call.hangup();
    await world.nextRecord();
    await until(() => world.gateway.calls === 0);
  });

  it('survives loss toward the phone: the tone is still the tone', async () => {
    const world = await start({ codecs: ['PCMA'] });
    const call = world.simulator.consumer(caller).call({ toneHz: 440, lossPercent: 10 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    await until(() => (phone?.heard().rxPackets ?? 0) > 150);
    await call.hangup();
    expect(Math.abs((phone?.heard().heardHz ?? 0) / 440 - 1)).toBeLessThan(0.02);
    const record = (await world.nextRecord()) as {
      media: { consumer: { lost: number; concealedSamples: number } };
    };
    expect(record.media.consumer.lost).toBeGreaterThan(0);
    expect(record.media.consumer.concealedSamples).toBeGreaterThan(0);
    await until(() => world.gateway.calls === 0);
  });

  itEmbedded.each([
    ['tcp', 'consumer'],
    ['tcp', 'phone'],
    ['tls', 'consumer'],
    ['tls', 'phone'],
  ] as const)('rings a phone over SIP and %s; the %s hangs up', async (transport, side) => {
    const authority = new Authority();
    onTestFinished(() => authority.close());
    const own = authority.issue('IP:127.0.0.1');
    const files = { cert: authority.write('own.pem', own.cert), key: authority.write('own.key', own.key) };
    const tls = { certificates: [files], ca: authority.write('authority.pem', authority.cert) };
    const world = await start({
      phones: [{ transport, ...(transport === 'tls' && { tls }) }],
      configure: (yaml) => {
        const trunks = yaml['trunks'] as Record<string, Record<string, unknown>>;
        (trunks['phone1'] as Record<string, unknown>)['transport'] = transport;
        (yaml['sip'] as Record<string, unknown>)['listen'] = [
          { protocol: transport, address: '127.0.0.1', port: 0, ...(transport === 'tls' && { tls }) },
        ];
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    expect(world.gateway.sipContacts.map(({ protocol }) => protocol)).toEqual([transport]);
    if (side === 'phone') await phone?.hangup();
    else await call.hangup();
    await Promise.all([call.ended, phone?.ended]);
    expect(await world.nextRecord()).toMatchObject({ cause: `${side}-hangup` });
    await until(() => world.gateway.calls === 0);
  });

  it('carries keys by SIP INFO to a phone that has no telephone-event', async () => {
    const world = await start({ phones: [{ telephoneEvent: false }] });
    const call = world.simulator.consumer(caller).call({ toneHz: 440, loseDtmfEnds: true });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    await call.sendDtmf('4*');
    await until(() => phone?.heard().dtmf === '4*');
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ dtmfDigits: 2 });
    await until(() => world.gateway.calls === 0);
  });

  it('ends a call whose phone has died, on both sides, after the media time-out', async () => {
    const world = await start({
      configure: (yaml) => {
        (yaml['rtp'] as Record<string, unknown>)['mediaTimeoutMs'] = 2_000;
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    phone?.fallSilent();
    expect(await call.ended).toMatchObject({ by: 'business' });
    expect(await phone?.ended).toMatchObject({ how: 'BYE' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'media-lost' });
    await until(() => world.gateway.calls === 0);
  });

  it('keeps a call whose consumer is muted and sends nothing at all, as long as Meta consents', async () => {
    const world = await start({
      configure: (yaml) => {
        (yaml['rtp'] as Record<string, unknown>)['mediaTimeoutMs'] = 2_000;
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    call.mute(true);
    const { answered = 0 } = call.relay() ?? {};
    // Consent is asked every 4 to 6 s, so this is more than twice the media time-out.
    await until(() => (call.relay()?.answered ?? 0) >= answered + 2);
    expect(call.state).toBe('connected');
    await call.sendDtmf('7');
    await until(() => phone?.heard().dtmf === '7');
    call.mute(false);
    const before = phone?.heard().rxPackets ?? 0;
    await until(() => (phone?.heard().rxPackets ?? 0) > before + 60);
    expect(Math.abs((phone?.heard().heardHz ?? 0) / 440 - 1)).toBeLessThan(0.02);
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ cause: 'consumer-hangup' });
    await until(() => world.gateway.calls === 0);
  });

  it('ends a call whose consumer was never heard, on both sides, after the media time-out', async () => {
    const world = await start({
      configure: (yaml) => {
        (yaml['rtp'] as Record<string, unknown>)['mediaTimeoutMs'] = 2_000;
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: 440, muted: true });
    const phone = await world.phones[0]?.nextCall();
    expect(await call.ended).toMatchObject({ by: 'business' });
    expect(await phone?.ended).toMatchObject({ how: 'BYE' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'media-lost' });
    await until(() => world.gateway.calls === 0);
  });

  it('authenticates the INVITE when the phone challenges it', async () => {
    const credentials = { username: 'gateway', password: 'correct horse' };
    const world = await start({
      phones: [{ digest: credentials }],
      configure: (yaml) => {
        const trunks = yaml['trunks'] as Record<string, Record<string, unknown>>;
        process.env['TEST_TRUNK_PASSWORD'] = credentials.password;
        (trunks['phone1'] as Record<string, unknown>)['credentials'] = {
          username: credentials.username,
          password: `\${TEST_TRUNK_PASSWORD}`,
        };
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    await call.hangup();
    await world.nextRecord();
    await until(() => world.gateway.calls === 0);
  });

  it('keeps the consumer supplied while the phone holds, and resumes', async () => {
    const world = await start();
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    expect(await phone?.redirect('inactive')).toBe(true);
    const before = call.heard().rxPackets;
    const phoneBefore = phone?.heard().rxPackets ?? 0;
    await until(() => call.heard().rxPackets > before + 50);
    expect((phone?.heard().rxPackets ?? 0) - phoneBefore).toBeLessThan(10);
    expect(await phone?.redirect('sendrecv')).toBe(true);
    const after = phone?.heard().rxPackets ?? 0;
    await until(() => (phone?.heard().rxPackets ?? 0) > after + 25);
    await phone?.hangup();
    await world.nextRecord();
    await until(() => world.gateway.calls === 0);
  });
});

describe('a call that is not answered', () => {
  it('cancels the phone when the consumer hangs up while it rings, and accepts nothing', async () => {
    const world = await start({ phones: [{ behaviour: 'never' }] });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await call.hangup();
    expect(await phone?.ended).toEqual({ by: 'gateway', how: 'CANCEL' });
    expect(await world.nextRecord()).toMatchObject({
      cause: 'cancelled',
      endedBy: 'consumer',
      answered: false,
    });
    await until(() => world.gateway.calls === 0);
    expect(graphOf(world)).toEqual([]);
  });

  it.each([486, 600, 603])(
    'rejects at once when the phone says %i, without trying the next one',
    async (status) => {
      const world = await start({ phones: [{ behaviour: status, ringMs: 10 }, {}] });
      const call = world.simulator.consumer(caller).call({ toneHz: 440 });
      expect(await call.ended).toMatchObject({ by: 'business', reason: 'business rejected' });
      expect(await world.nextRecord()).toMatchObject({ answered: false, sipStatus: status });
      await until(() => world.gateway.calls === 0);
      expect(world.phones[1]?.calls).toHaveLength(0);
      expect(graphOf(world)).toEqual(['reject']);
    },
  );

  it.each([404, 408, 480, 488, 500, 503])(
    'rings the next phone when the first one says %i',
    async (status) => {
      const world = await start({ phones: [{ behaviour: status, ringMs: 10 }, {}] });
      const call = world.simulator.consumer(caller).call({ toneHz: 440 });
      const second = await world.phones[1]?.nextCall();
      await Promise.all([call.firstAudio, second?.firstAudio]);
      await call.hangup();
      expect(await world.nextRecord()).toMatchObject({
        target: 'phone2/100',
        attempts: [{ status }, { status: 200 }],
      });
      await until(() => world.gateway.calls === 0);
    },
  );

  it('rings the next phone when the first one does not answer in its time, and rejects after the last', async () => {
    const never = { behaviour: 'never' as const };
    const world = await start({
      phones: [never, never],
      configure: (yaml) => {
        const routes = yaml['routes'] as { desk: { targets: { ringTimeoutMs?: number }[] } };
        for (const target of routes.desk.targets) target.ringTimeoutMs = 1_000;
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const first = await world.phones[0]?.nextCall();
    expect(await first?.ended).toEqual({ by: 'gateway', how: 'CANCEL' });
    const second = await world.phones[1]?.nextCall();
    expect(await second?.ended).toEqual({ by: 'gateway', how: 'CANCEL' });
    expect(await call.ended).toMatchObject({ by: 'business' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'no-answer', answered: false });
    await until(() => world.gateway.calls === 0);
    expect(graphOf(world)).toEqual(['reject']);
  });

  it('rings the next phone when the first one is not there at all', async () => {
    const world = await start(
      {
        phones: [{}, {}],
        configure: (yaml) => {
          const trunks = yaml['trunks'] as Record<string, Record<string, unknown>>;
          (trunks['phone1'] as Record<string, unknown>)['port'] = 9;
          (yaml['sip'] as Record<string, unknown>)['requestTimeoutMs'] = 500;
          const routes = yaml['routes'] as { desk: { targets: { ringTimeoutMs?: number }[] } };
          (routes.desk.targets[0] as { ringTimeoutMs?: number }).ringTimeoutMs = 1_000;
        },
      },
      { invites: 1 },
    ); // its CANCEL waits for a reply that never comes, until timer B (RFC 3261 9.1)
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const second = await world.phones[1]?.nextCall();
    await Promise.all([call.firstAudio, second?.firstAudio]);
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ target: 'phone2/100' });
    await until(() => world.gateway.calls === 0);
  });

  it('rejects when the phone shares no codec', async () => {
    const world = await start({ codecs: ['PCMU'], phones: [{ codecs: ['G722'] }] });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    expect(await call.ended).toMatchObject({ by: 'business' });
    expect(await world.nextRecord()).toMatchObject({ sipStatus: 488, answered: false });
    await until(() => world.gateway.calls === 0);
  });
});

describe('Graph that fails', () => {
  it.each([
    ['an unknown reply after it was done', { kind: 'reset-after' as const }, ['accept', 'terminate']],
    ['an HTML error', { kind: 'html-500' as const }, ['terminate']],
    ['no reply', { kind: 'hang' as const }, ['terminate']],
  ])('never accepts twice after %s: terminate and BYE', async (_name, fault, asked) => {
    const world = await start({
      configure: (yaml) => {
        (yaml['meta'] as Record<string, unknown>)['acceptTimeoutMs'] = 500;
      },
    });
    world.simulator.faults.add({ ...fault, action: 'accept' });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    expect(await phone?.ended).toMatchObject({ by: 'gateway', how: 'BYE' });
    await call.ended;
    expect(await world.nextRecord()).toMatchObject({ cause: 'accept-failed' });
    await until(() => world.gateway.calls === 0);
    expect(graphOf(world)).toEqual(asked);
  });

  it.each([
    ['a bad SDP', { code: 100, subcode: 2018392, text: 'Invalid SDP' }],
    ['a dead token', { code: 190, text: 'Error validating access token' }],
    ['calling switched off', { code: 100, subcode: 1893056, text: 'not enabled' }],
  ])('rejects after %s and lets the phone go', async (_name, error) => {
    const world = await start();
    world.simulator.faults.add({ kind: 'error', action: 'accept', ...error });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    expect(await phone?.ended).toMatchObject({ how: 'BYE' });
    expect(await call.ended).toMatchObject({ by: 'business' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'accept-failed' });
    await until(() => world.gateway.calls === 0);
    expect(graphOf(world)).toEqual(['reject']);
  });

  it('lets the phone go quietly when another app has answered', async () => {
    const world = await start();
    world.simulator.faults.add({
      kind: 'error',
      action: 'accept',
      code: 100,
      text: 'App is not the call owner',
    });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    expect(await phone?.ended).toMatchObject({ how: 'BYE' });
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ cause: 'answered-elsewhere' });
    await until(() => world.gateway.calls === 0);
    expect(graphOf(world)).toEqual([]);
  });

  it('tries terminate again on a passing fault', async () => {
    const world = await start();
    world.simulator.faults.add({ kind: 'html-500', action: 'terminate', times: 2 });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    await phone?.hangup();
    await call.ended;
    await world.nextRecord();
    await until(() => world.gateway.calls === 0);
    expect(graphOf(world)).toEqual(['accept', 'terminate']);
  });
});

it('Meta is told how the call went, from its own counters, a moment after the end', async () => {
  const world = await start();
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  await call.firstAudio;
  await until(() => call.heard().rxPackets > 50);
  await call.hangup();
  await world.nextRecord();
  await until(() => world.simulator.metrics.has(call.id));
  expect(world.simulator.metrics.get(call.id)).toMatchObject({
    end_call_reason: 'Hangup_Call',
    end_call_subreason: 'consumer-hangup',
    audio_stats: { packets_lost: 0, packets_received: expect.toSatisfy((packets: number) => packets > 25) },
  });
});
