import { ok, type Result } from '../shared/result.ts';
import { lines } from './meta-offer.ts';
import { parseOpusFmtp } from './opus-fmtp.ts';
import type { Direction, PhonePlan, SipCodec, TelephoneEvent } from './plans.ts';
import { problem, type SdpProblem } from './problem.ts';
import { agreeCrypto, answerCrypto, type SdesAgreed } from './sdes.ts';
import {
  COMFORT_NOISE_PAYLOAD,
  codecByName,
  OLD_COMFORT_NOISE_PAYLOAD,
  SIP_CODECS,
  type SipFormat,
  TELEPHONE_EVENT_PAYLOAD,
} from './sip-codecs.ts';
import { parseSipDescription, type SipAudio, type SipPayload } from './sip-description.ts';
import {
  codecLines,
  comfortNoiseLines,
  type SipLocal,
  sessionLines,
  telephoneEventLines,
} from './sip-offer.ts';

/**
 * What the phone's answer to our offer means: the first format of the answer that we offered, its address, and
 * the direction. Each side sends with the number that the other declared (RFC 3264 section 6.1).
 * Errors: SDP_MALFORMED, SDP_NO_AUDIO, SDP_ADDRESS, SDP_NO_COMMON_CODEC, SDP_NO_SRTP, SDP_SRTP_OFF.
 */
export function negotiateSipAnswer(local: SipLocal, answerSdp: string): Result<PhonePlan, SdpProblem> {
  const parsed = parseSipDescription(answerSdp, local.sdes?.policy);
  if (!parsed.ok) return parsed;
  const { audio } = parsed.value;
  const chosen = firstCommon(audio.payloads, local.codecs);
  if (!chosen) return noCommonCodec(audio);
  const { payloadType: declared, clockRate } = chosen.format;
  const srtp = agreeCrypto(local.sdes, audio.cryptos);
  // An answer with keys that are of no use would be heard as noise.
  if (!srtp && local.sdes && (audio.secure || audio.wantsCrypto || local.sdes.policy === 'required')) {
    return problem('SDP_NO_SRTP', 'The answer has no SRTP key for what we offered.', 'a=crypto');
  }
  const event = telephoneEventOf(audio.payloads, clockRate);
  const receiveEvent = TELEPHONE_EVENT_PAYLOAD[event?.clockRate ?? clockRate] ?? 101;
  return ok(
    planOf(audio, chosen, [declared, chosen.payload.payloadType], {
      direction: mirrored(audio.direction, local.direction),
      ptimeMs: audio.ptimeMs ?? local.ptimeMs,
      event: event && local.telephoneEvent ? { ...event, receivePayloadType: receiveEvent } : undefined,
      srtp,
    }),
  );
}

export interface SipAnswer {
  readonly answerSdp: string;
  readonly plan: PhonePlan;
  /** Our side after the answer, for the next offer or answer of this dialog. */
  readonly local: SipLocal;
  /** True when the phone does not listen to us any more: it put the call on hold. */
  readonly held: boolean;
}

/**
 * Answers a phone's offer (re-INVITE or UPDATE): same m-lines in the same order, what we do not carry with port
 * 0 (RFC 3264 section 6), the hold directions of 6.1 and 8.4, and our version one up. Errors as above; they mean 488.
 */
export function answerSipOffer(local: SipLocal, offerSdp: string): Result<SipAnswer, SdpProblem> {
  const parsed = parseSipDescription(offerSdp, local.sdes?.policy);
  if (!parsed.ok) return parsed;
  const { audio, media } = parsed.value;
  const chosen = firstCommon(audio.payloads, local.codecs);
  if (!chosen) return noCommonCodec(audio);
  const { clockRate } = chosen.format;
  const noise = comfortNoiseOf(audio.payloads, chosen);
  const event = local.telephoneEvent ? telephoneEventOf(audio.payloads, clockRate) : undefined;
  const direction = mirrored(audio.direction, 'sendrecv');
  const crypto = answerCrypto(local.sdes, audio.cryptos);
  const next: SipLocal = { ...local, version: local.version + 1, direction };
  // The offerer's own numbers are used both ways: it must accept them, and old PBXs expect it.
  const plan = planOf(audio, chosen, [chosen.payload.payloadType], {
    direction,
    ptimeMs: audio.ptimeMs ?? local.ptimeMs,
    event: event ? { ...event, receivePayloadType: event.payloadType } : undefined,
    srtp: crypto?.agreed,
  });
  const sections = media.flatMap((line, index) =>
    index === audio.index
      ? [
          `m=audio ${local.port} ${line.protocol} ${[chosen.payload.payloadType, ...noise, ...(event ? [event.payloadType] : [])].join(' ')}`,
          ...codecLines(chosen.payload.payloadType, chosen.format),
          ...noise.flatMap((payloadType) => comfortNoiseLines(payloadType, clockRate)),
          ...(event ? telephoneEventLines(event.payloadType, event.clockRate) : []),
          ...(crypto ? [crypto.line] : []),
          `a=ptime:${plan.ptimeMs}`,
          `a=${direction}`,
        ]
      : [`m=${line.kind} 0 ${line.protocol} ${line.payloads}`],
  );
  const answerSdp = lines(...sessionLines(next), ...sections);
  const held = direction === 'recvonly' || direction === 'inactive';
  return ok({ answerSdp, plan, local: next, held });
}

interface Chosen {
  readonly codec: SipCodec;
  readonly format: SipFormat;
  readonly payload: SipPayload;
}

function firstCommon(payloads: readonly SipPayload[], codecs: readonly SipCodec[]): Chosen | undefined {
  for (const payload of payloads) {
    const codec = codecByName(payload.name);
    if (!codec || !codecs.includes(codec)) continue;
    const format = SIP_CODECS[codec].find(({ clockRate }) => clockRate === payload.clockRate);
    // An Opus line says 2 whatever is sent (RFC 7587 section 4.1); of the others only mono is ours.
    if (format && (codec === 'opus' || payload.channels === 1)) return { codec, format, payload };
  }
  return undefined;
}

/** The numbers under which a phone declares comfort noise for this format: its clock must be the same (RFC 3389 section 4). */
function comfortNoiseOf(payloads: readonly SipPayload[], { codec, format }: Chosen): number[] {
  if (codec === 'opus') return [];
  return payloads
    .filter(({ name, clockRate }) => name.toUpperCase() === 'CN' && clockRate === format.clockRate)
    .map(({ payloadType }) => payloadType);
}

/** At the clock of the audio (RFC 4733 section 2.1); else at 8000: many phones have no other beside Opus. */
function telephoneEventOf(payloads: readonly SipPayload[], clockRate: number): TelephoneEvent | undefined {
  const events = payloads.filter(({ name }) => name.toLowerCase() === 'telephone-event');
  const event =
    events.find((payload) => payload.clockRate === clockRate) ??
    events.find((payload) => payload.clockRate === 8_000);
  return event && { payloadType: event.payloadType, clockRate: event.clockRate };
}

/** Our direction, from the other side's and from what we ourselves want. */
function mirrored(theirs: Direction, ours: Direction): Direction {
  const send =
    (theirs === 'sendrecv' || theirs === 'recvonly') && (ours === 'sendrecv' || ours === 'sendonly');
  const receive =
    (theirs === 'sendrecv' || theirs === 'sendonly') && (ours === 'sendrecv' || ours === 'recvonly');
  if (send) return receive ? 'sendrecv' : 'sendonly';
  return receive ? 'recvonly' : 'inactive';
}

function planOf(
  audio: SipAudio,
  chosen: Chosen,
  receivePayloadTypes: readonly number[],
  rest: {
    readonly direction: Direction;
    readonly ptimeMs: number;
    readonly event: PhonePlan['telephoneEvent'] | undefined;
    readonly srtp: SdesAgreed | undefined;
  },
): PhonePlan {
  const { codec, format, payload } = chosen;
  // Many phones send comfort noise that was never agreed.
  const assumed = format.clockRate === 8_000 ? [COMFORT_NOISE_PAYLOAD, OLD_COMFORT_NOISE_PAYLOAD] : [];
  const taken = [...receivePayloadTypes, ...audio.payloads.map(({ payloadType }) => payloadType)];
  const noise = comfortNoiseOf(audio.payloads, chosen);
  return {
    codec,
    payloadType: payload.payloadType,
    receivePayloadTypes: [...new Set(receivePayloadTypes)],
    clockRate: format.clockRate,
    remote: {
      address: audio.address,
      port: audio.port,
      rtcpPort: audio.rtcpMux ? audio.port : audio.rtcpPort,
      // Only what both sides declare is agreed (RFC 5761 section 5.1.1), and our offer does not.
      rtcpMux: false,
    },
    ptimeMs: Math.min(rest.ptimeMs, format.maxPtimeMs ?? rest.ptimeMs),
    direction: rest.direction,
    ...(rest.event ? { telephoneEvent: rest.event } : {}),
    ...(rest.srtp ? { srtp: rest.srtp } : {}),
    ...(codec === 'opus'
      ? { opus: parseOpusFmtp(payload.fmtp) }
      : { comfortNoise: [...noise, ...assumed.filter((type) => !taken.includes(type))] }),
  };
}

function noCommonCodec(audio: SipAudio): Result<never, SdpProblem> {
  const offered = audio.payloads.map((payload) => payload.name).join(', ') || 'none';
  return problem('SDP_NO_COMMON_CODEC', `The phone's codecs are: ${offered}.`, 'a=rtpmap');
}
