import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { RtpHeader, RtpPacket } from 'werift';
import { createOpusLibrary } from '../../src/media/index.ts';
import {
  buildSipOffer,
  freshSipOffer,
  negotiateSipAnswer,
  type SipCodec,
  type SipLocal,
} from '../../src/sdp/index.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { DeskPhone, type DeskPhoneOptions, type PhoneCall } from '../../src/sim/index.ts';
import { PhoneMedia } from '../../src/sim/phone-media.ts';
import type { SipDialog } from '../../src/sip/index.ts';
import { reports, settled } from '../sip/support/leg.ts';
import { startLeg } from '../sip/support/server.ts';

const PHONE_HZ = 620;
const CALLER_HZ = 440;

const localOf = (port: number, codecs: readonly SipCodec[]): SipLocal => ({
  sessionId: '42',
  version: 0,
  address: '127.0.0.1',
  port,
  codecs,
  telephoneEvent: true,
  ptimeMs: 20,
  direction: 'sendrecv',
});

async function phoneWith(options: Partial<DeskPhoneOptions> = {}): Promise<DeskPhone> {
  const phone = await DeskPhone.start({
    codecs: ['PCMU', 'PCMA', 'G722', 'opus'],
    toneHz: PHONE_HZ,
    ringMs: 0,
    ...options,
  });
  onTestFinished(() => phone.close());
  return phone;
}

interface Talk {
  readonly phone: PhoneCall;
  readonly caller: PhoneMedia;
  readonly dialog: SipDialog;
  /** The caller's re-INVITE; its media follow the answer. */
  reinvite(change: Parameters<typeof freshSipOffer>[1]): Promise<string>;
}

/** A call from a caller with media of its own to the phone; both talk. */
async function talk(
  options: Partial<DeskPhoneOptions> = {},
  codecs: readonly SipCodec[] = ['PCMU'],
): Promise<Talk> {
  const [desk, { sip }] = [await phoneWith(options), await startLeg()];
  const heard = Promise.withResolvers<void>();
  const caller = await PhoneMedia.open(
    await createOpusLibrary(),
    systemClock,
    { toneHz: CALLER_HZ },
    heard.resolve,
  );
  onTestFinished(() => caller.close());
  let local = localOf(caller.port, codecs);
  const agree = (answerSdp: string): void => {
    const plan = negotiateSipAnswer(local, answerSdp);
    if (!plan.ok) throw new Error(plan.error.code);
    caller.start(plan.value);
  };
  const { events, inbox } = reports();
  sip.invite(
    { uri: `sip:100@127.0.0.1:${desk.port}`, from: { user: 'test' }, headers: {}, sdp: buildSipOffer(local) },
    events,
  );
  const phone = await desk.nextCall();
  const outcome = await settled(inbox);
  if (outcome.what !== 'answered') throw new Error(`${outcome.status} ${outcome.reason}`);
  const { dialog } = outcome;
  dialog.attach({ onBye: () => {}, onLost: () => {}, onReinvite: async () => ({ status: 488 }) });
  agree(outcome.sdp);
  await Promise.all([heard.promise, phone.firstAudio]);
  return {
    phone,
    caller,
    dialog,
    reinvite: async (change) => {
      const offer = freshSipOffer(local, change);
      local = offer.local;
      const answer = await dialog.reinvite(offer.offerSdp);
      if (!answer.ok) return String(answer.error.status);
      agree(answer.value);
      return answer.value;
    },
  };
}

/** Waits until so many more packets came. */
async function more(count: () => number, wanted: number): Promise<void> {
  const from = count();
  while (count() < from + wanted) await new Promise((resolve) => setTimeout(resolve, 5));
}

const near = (hz: number, wanted: number): boolean => Math.abs(hz / wanted - 1) < 0.02;

it('answers hold by its peer with recvonly and silence, and resume with its voice', async () => {
  const { phone, caller, reinvite } = await talk();
  await more(() => caller.ear.rxPackets, 30);
  expect(near(caller.ear.heard().heardHz, PHONE_HZ)).toBe(true);
  expect(await reinvite({ direction: 'sendonly' })).toContain('a=recvonly');
  const { rxPackets } = caller.ear;
  await more(() => phone.heard().rxPackets, 25);
  // What was on its way when the answer came.
  expect(caller.ear.rxPackets - rxPackets).toBeLessThan(5);
  expect(await reinvite({})).toContain('a=sendrecv');
  await more(() => caller.ear.rxPackets, 25);
  expect(phone.strays).toBe(0);
});

it.each<[SipCodec, number]>([
  ['PCMA', 8],
  ['G722', 9],
  ['opus', 107],
])('goes over to %s when its peer offers it, and is heard and hears', async (codec, payloadType) => {
  const { phone, caller, reinvite } = await talk();
  expect(phone.heard().codec).toBe('PCMU');
  const answer = await reinvite({ codecs: [codec] });
  expect(answer).toMatch(new RegExp(`^m=audio \\d+ RTP/AVP ${payloadType}\\b`, 'm'));
  expect(phone.heard().codec).toBe(codec);
  await Promise.all([more(() => caller.ear.rxPackets, 60), more(() => phone.heard().rxPackets, 60)]);
  expect(near(caller.ear.heard().heardHz, PHONE_HZ)).toBe(true);
  expect(near(phone.heard().heardHz, CALLER_HZ)).toBe(true);
});

it('refuses a codec that it has not (488), and goes on with the old one', async () => {
  const { phone, caller, reinvite } = await talk({ codecs: ['PCMU'] });
  expect(await reinvite({ codecs: ['G722'] })).toBe('488');
  expect(phone.heard().codec).toBe('PCMU');
  await more(() => caller.ear.rxPackets, 10);
});

it('hangs up the dialog when it is put down while the answer is on its way', async () => {
  const [desk, { sip }] = [await phoneWith({ behaviour: 'never' }), await startLeg()];
  const { events, inbox } = reports();
  sip.invite(
    {
      uri: `sip:100@127.0.0.1:${desk.port}`,
      from: { user: 'test' },
      headers: {},
      sdp: buildSipOffer(localOf(40_000, ['PCMU'])),
    },
    events,
  );
  const call = await desk.nextCall();
  const answering = call.answer();
  while (call.heard().codec === '') await new Promise((resolve) => setImmediate(resolve));
  await call.close();
  await answering;
  const outcome = await settled(inbox);
  if (outcome.what !== 'answered') throw new Error(outcome.what);
  await new Promise<void>((resolve) => {
    outcome.dialog.attach({
      onBye: () => resolve(),
      onLost: () => resolve(),
      onReinvite: async () => ({ status: 488 }),
    });
  });
  expect(outcome.dialog.alive).toBe(false);
});

it('drops what was not agreed: payload type, sender, a second source, and what is no RTP', async () => {
  const { phone, caller, dialog, reinvite } = await talk();
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  // The phone's port, and a fresh port of the caller's for packets written by hand.
  const answer = await reinvite({ port: socket.address().port });
  const port = Number(/^m=audio (\d+)/m.exec(answer)?.[1]);
  await caller.close();
  const send = (from: Socket, payloadType: number, ssrc: number, sequenceNumber: number): void => {
    const header = new RtpHeader({ payloadType, ssrc, sequenceNumber, timestamp: sequenceNumber * 160 });
    from.send(new RtpPacket(header, Buffer.alloc(160, 0xff)).serialize(), port, '127.0.0.1');
  };
  const stranger = createSocket('udp4');
  onTestFinished(() => void stranger.close());
  // What the caller sent before it was closed is out of the phone's queue when this one is.
  const earlier = phone.heard().rxPackets;
  send(socket, 0, 5, 0);
  while (phone.heard().rxPackets === earlier) await new Promise((resolve) => setImmediate(resolve));
  const before = phone.strays;
  const { rxPackets } = phone.heard();
  send(socket, 0, 5, 1);
  send(socket, 96, 5, 2);
  send(socket, 0, 6, 3);
  send(stranger, 0, 5, 4);
  socket.send(Buffer.from('9fffffff0000000000000005', 'hex'), port, '127.0.0.1');
  send(socket, 0, 5, 5);
  while (phone.heard().rxPackets < rxPackets + 2) await new Promise((resolve) => setImmediate(resolve));
  while (phone.strays < before + 3) await new Promise((resolve) => setImmediate(resolve));
  expect(phone.heard().rxPackets).toBe(rxPackets + 2);
  expect(phone.strays).toBe(before + 3);
  await dialog.bye();
  expect(await phone.ended).toEqual({ by: 'gateway', how: 'BYE' });
});

it('rings after its challenge was answered, and not for another password', async () => {
  const [desk, { sip }] = [
    await phoneWith({ digest: { username: 'desk', password: 'secret' } }),
    await startLeg(),
  ];
  const dial = async (password: string): Promise<string> => {
    const { events, inbox } = reports();
    sip.invite(
      {
        uri: `sip:100@127.0.0.1:${desk.port}`,
        from: { user: 'test' },
        headers: {},
        sdp: buildSipOffer(localOf(40_000, ['PCMU'])),
        credentials: { username: 'desk', password },
      },
      events,
    );
    const outcome = await settled(inbox);
    return outcome.what === 'answered' ? '200' : String(outcome.status);
  };
  expect(await dial('guess')).toBe('407');
  expect(desk.calls).toHaveLength(0);
  expect(await dial('secret')).toBe('200');
  expect(desk.calls).toHaveLength(1);
});

it.each([
  [486, '486'],
  ['never', 'CANCEL'],
] as const)('behaves as told: %s', async (behaviour, how) => {
  const [desk, { sip }] = [await phoneWith({ behaviour }), await startLeg()];
  const { events, inbox } = reports();
  const invite = sip.invite(
    {
      uri: `sip:100@127.0.0.1:${desk.port}`,
      from: { user: 'test' },
      headers: { 'X-Test': 'yes' },
      sdp: buildSipOffer(localOf(40_000, ['PCMU'])),
    },
    events,
  );
  const call = await desk.nextCall();
  expect(call.header('x-test')).toBe('yes');
  if (behaviour === 'never') {
    while ((await inbox.next()).what !== 'provisional');
    invite.cancel();
  }
  expect(await call.ended).toMatchObject({ how });
  expect((await settled(inbox)).what).toBe('failed');
});
