import { ok, type Result } from '../shared/result.ts';
import { MESSENGER_SDP, type SdpDialect } from './dialect.ts';
import type { MetaDescription, MetaMedia, MetaPayload } from './meta-description.ts';
import { opusReceiver } from './opus-fmtp.ts';
import type { ReceivePlan, SendPlan, TelephoneEvent } from './plans.ts';
import { problem, type SdpProblem } from './problem.ts';

/**
 * Which m-line brings the consumer, and how its packets look. Meta adds the consumer on a new line by the
 * renegotiation offer, in any order and under any mid; the line is an audio line on which Meta sends. A line
 * with an `a=ssrc` is preferred: the first answer says sendrecv without having a voice to send.
 * With none (no renegotiation) the first audio line serves, and the SSRC is learned from the first packet.
 */
export function planReceive(
  description: MetaDescription,
  dialect: SdpDialect = MESSENGER_SDP,
): Result<ReceivePlan, SdpProblem> {
  const audio = description.media.filter((media) => media.kind === 'audio');
  const sending = audio.filter(
    (m) => m.port !== 0 && (m.direction === 'sendonly' || m.direction === 'sendrecv'),
  );
  const line =
    sending.find((m) => m.ssrc !== undefined && m.direction === 'sendonly') ??
    sending.find((m) => m.ssrc !== undefined) ??
    sending[0] ??
    audio[0];
  if (!line) return problem('SDP_NO_AUDIO', 'The description has no m=audio line.', 'm=audio');
  const opus = [line, ...audio].flatMap((m) => opusOf(m)?.payloadType ?? []);
  if (opus.length === 0) {
    return problem('SDP_NO_OPUS', 'No audio line of the description carries Opus.', 'a=rtpmap');
  }
  // An answer's only line says sendrecv before there is a voice; its mid must not shut the real line out.
  const certain = line.ssrc !== undefined || line.direction === 'sendonly';
  return ok({
    opusPayloadTypes: [...new Set(opus)],
    telephoneEvents: telephoneEventsOf(audio, opus, dialect),
    ...(line.ssrc === undefined ? {} : { ssrc: line.ssrc }),
    ...(certain ? { mid: line.mid } : {}),
    ...(line.midExtensionId === undefined ? {} : { midExtensionId: line.midExtensionId }),
  });
}

/** How Meta wants our audio: the fmtp of the line on which it listens to us. */
export function planSend(
  description: MetaDescription,
  ours: { readonly ssrc: number; readonly cname: string },
): Result<SendPlan, SdpProblem> {
  const audio = description.media.filter((media) => media.kind === 'audio' && media.port !== 0);
  const line =
    audio.find((m) => m.direction === 'recvonly') ??
    audio.find((m) => m.direction === 'sendrecv') ??
    audio[0];
  const opus = line && (opusOf(line) ?? audio.map(opusOf).find((payload) => payload !== undefined));
  if (!line || !opus) return problem('SDP_NO_OPUS', 'The line that listens to us has no Opus.', 'a=rtpmap');
  const events = line.payloads.filter(({ name }) => name === 'telephone-event');
  const event = events.find(({ clockRate }) => clockRate === 48_000) ?? events[0];
  const wanted = opusReceiver((name) => opus.fmtp[name]);
  return ok({
    payloadType: opus.payloadType,
    ssrc: ours.ssrc,
    cname: ours.cname,
    mid: line.mid,
    useInbandFec: wanted.useInbandFec,
    useDtx: wanted.useDtx,
    ptimeMs: 20,
    ...(line.midExtensionId === undefined ? {} : { midExtensionId: line.midExtensionId }),
    ...(line.audioLevelExtensionId === undefined
      ? {}
      : { audioLevelExtensionId: line.audioLevelExtensionId }),
    ...(wanted.cbr ? { cbr: true } : {}),
    ...(wanted.maxAverageBitrate === undefined ? {} : { maxAverageBitrate: wanted.maxAverageBitrate }),
    ...(wanted.maxPlaybackRate === undefined ? {} : { maxPlaybackRate: wanted.maxPlaybackRate }),
    ...(event
      ? { telephoneEvent: { payloadType: event.payloadType, clockRate: event.clockRate || 48_000 } }
      : {}),
  });
}

function opusOf(media: MetaMedia): MetaPayload | undefined {
  return media.payloads.find((payload) => payload.name === 'opus');
}

/** What the lines name, and what the platform's clients send even when Meta left it out. */
function telephoneEventsOf(
  audio: readonly MetaMedia[],
  opus: readonly number[],
  { assumedEvents }: SdpDialect,
): TelephoneEvent[] {
  const events = new Map<number, number>();
  for (const { payloads } of audio) {
    for (const { name, payloadType, clockRate } of payloads) {
      if (name === 'telephone-event') events.set(payloadType, clockRate || 48_000);
    }
  }
  for (const { payloadType, clockRate } of assumedEvents) {
    if (!opus.includes(payloadType) && !events.has(payloadType)) events.set(payloadType, clockRate);
  }
  return [...events].map(([payloadType, clockRate]) => ({ payloadType, clockRate }));
}
