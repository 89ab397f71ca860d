import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wavBytes } from '../../media/index.ts';
import type { ConsumerCall, Heard, PhoneCall } from '../../sim/index.ts';
import type { DemoOptions, DemoResult } from './options.ts';
import { PHONE_TONE_HZ, type World } from './world.ts';

export const DIGITS = '12#';
export const FIRST_CONSUMER_TONE_HZ = 440;
/** A phone that never answers, a media path that never comes up: the demo says so and ends. */
const PATIENCE_MS = 75_000;

export interface Arrow {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly what: string;
}

/** What happened to one call and what its ends heard, before it is judged. */
export interface CallStory {
  readonly consumer: ConsumerCall;
  readonly phone: PhoneCall | undefined;
  readonly consumerToneHz: number;
  readonly record: Record<string, unknown>;
  readonly twoWayAtMs: number;
}

/** Makes one call from pressing *Call* to the record. Rejects with the reason when it does not get that far. */
export async function makeCall(world: World, options: DemoOptions, index: number): Promise<CallStory> {
  const toneHz = FIRST_CONSUMER_TONE_HZ + 20 * (index % 5);
  const consumer = world.simulator
    .consumer({ psid: consumerId(options.platform, index), name: 'Amina Otieno' })
    .call({ toneHz });
  const phone = world.phones.length > 0 ? await phoneOf(world, consumer) : undefined;
  const recordPromise = world.nextRecord();
  await orTimeout(consumer.connected, consumer, 'the call was not connected');
  await orTimeout(consumer.firstAudio, consumer, 'the consumer heard nothing');
  if (phone) await orTimeout(phone.firstAudio, consumer, 'the phone heard nothing');
  const twoWayAtMs = performance.timeOrigin + performance.now();
  await Promise.all([
    pause(options.seconds * 1000),
    phone ? consumer.sendDtmf(DIGITS).then(() => pause(1_200)) : undefined,
  ]);
  if (options.hangup === 'phone' && phone) {
    await phone.hangup();
    await consumer.ended;
  } else {
    await consumer.hangup();
    await phone?.ended;
  }
  return { consumer, phone, consumerToneHz: toneHz, record: await recordPromise, twoWayAtMs };
}

/** A PSID or a wa_id, which is a telephone number. */
export function consumerId(platform: DemoOptions['platform'], index = 0): string {
  const first = platform === 'whatsapp' ? 254_711_000_002n : 7_654_321_098_765_432n;
  return String(first + BigInt(index));
}

/** Calls may ring in any order: the INVITE says whose it is. */
async function phoneOf(world: World, consumer: ConsumerCall): Promise<PhoneCall> {
  for (;;) {
    const known = world.phones
      .flatMap((phone) => phone.calls)
      .find((call) => call.header('x-meta-call-id') === consumer.id);
    if (known) return known;
    await orTimeout(Promise.race(world.phones.map((phone) => phone.nextCall())), consumer, 'no phone rang');
  }
}

export async function orTimeout<T>(
  promise: Promise<T>,
  consumer: ConsumerCall,
  otherwise: string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${otherwise} within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
    consumer.ended.then((end) => reject(new Error(`${otherwise}: the call ended, ${end.reason}`)), reject);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The story as the demo's result, with every reason why it is not what it should be. */
export function judge(
  story: CallStory,
  world: World,
  options: DemoOptions,
  arrows: readonly Arrow[],
): DemoResult {
  const { consumer, phone, record } = story;
  const at = (from: string, what: string): number =>
    arrows.find((arrow) => arrow.from === from && arrow.what.startsWith(what))?.atMs ?? Number.NaN;
  return resultOf({
    ends: { consumer, phone, consumerToneHz: story.consumerToneHz },
    record,
    options,
    arrows,
    reasons: [],
    times: {
      webhookTo200Ms: tenth(world.simulator.webhooks.answers[0]?.ms ?? Number.NaN),
      webhookToInviteMs: tenth(at('gateway', 'INVITE') - at('meta', 'webhook connect')),
      answerToTwoWayAudioMs: tenth(story.twoWayAtMs - at('phone', '200 OK')),
    },
  });
}

/** Both ends of a call, when it is over. */
interface Ends {
  readonly consumer: { heard(): Heard };
  readonly phone: { heard(): Heard & { readonly codec: string; readonly dtmf: string } } | undefined;
  readonly consumerToneHz: number;
}

/**
 * What both ends of a call in either direction heard, and every reason why it is not what it should be, added to
 * the `reasons` there are already. `arrows` are in the order of time.
 */
export function resultOf(told: {
  readonly ends: Ends;
  readonly record: Record<string, unknown>;
  readonly options: DemoOptions;
  readonly arrows: readonly Arrow[];
  readonly reasons: readonly string[];
  readonly times: DemoResult['times'];
}): DemoResult {
  const { record, arrows } = told;
  const consumer = told.ends.consumer.heard();
  const phone = told.ends.phone?.heard();
  const reasons = [...told.reasons];
  if (phone) {
    if (!near(consumer.heardHz, PHONE_TONE_HZ))
      reasons.push(`the consumer heard ${consumer.heardHz} Hz, not ${PHONE_TONE_HZ}`);
    if (!near(phone.heardHz, told.ends.consumerToneHz))
      reasons.push(`the phone heard ${phone.heardHz} Hz, not ${told.ends.consumerToneHz}`);
    if (phone.dtmf !== DIGITS) reasons.push(`the phone got the keys "${phone.dtmf}", not "${DIGITS}"`);
  } else if (consumer.rxPackets === 0) reasons.push('the consumer heard nothing');
  const wanted = told.options.hangup === 'phone' && phone ? 'phone-hangup' : 'consumer-hangup';
  if (record['cause'] !== wanted) reasons.push(`the record says ${String(record['cause'])}, not ${wanted}`);
  const began = arrows[0]?.atMs ?? 0;
  return {
    ok: reasons.length === 0,
    reasons,
    consumer: { heardHz: consumer.heardHz, rxPackets: consumer.rxPackets, lost: consumer.lost },
    phone: {
      heardHz: phone?.heardHz ?? 0,
      rxPackets: phone?.rxPackets ?? 0,
      lost: phone?.lost ?? 0,
      codec: phone?.codec ?? String(record['codec'] ?? ''),
      dtmf: phone?.dtmf ?? '',
    },
    times: told.times,
    ladder: arrows.map((arrow) => ({ ...arrow, atMs: tenth(arrow.atMs - began) })),
    record,
  };
}

/** Writes what each end heard. */
export function writeWavs(folder: string, { consumer, phone }: CallStory): string[] {
  mkdirSync(folder, { recursive: true });
  const ends = [
    ['consumer', consumer.recording()],
    ...(phone ? [['phone', phone.recording()] as const] : []),
  ] as const;
  return ends.map(([name, { sampleRate, pcm }]) => {
    const file = join(folder, `${name}-heard.wav`);
    writeFileSync(file, wavBytes({ sampleRate, channels: 1, pcm }));
    return file;
  });
}

export function near(got: number, wanted: number): boolean {
  return Math.abs(got / wanted - 1) <= 0.02;
}

export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
