import { ok, type Result } from '../shared/result.ts';
import type { SdpDialect } from './dialect.ts';
import type { MetaDescription, MetaMedia } from './meta-description.ts';
import {
  AUDIO_LEVEL_URI,
  candidateLines,
  connectionOf,
  lines,
  localTransport,
  type MetaOfferOptions,
  MID_URI,
  ptimeLines,
  sourceLines,
} from './meta-offer.ts';
import { problem, type SdpProblem } from './problem.ts';

/**
 * Our answer to Meta's offer at the beginning of a call (WhatsApp): full ICE with our candidates, `setup:active`
 * because Meta's relay is passive, Opus under Meta's number, telephone-event only where Meta names it (RFC 3264
 * section 6.1). A further line, if there should ever be one, is rejected. Errors: SDP_NO_AUDIO, SDP_NO_OPUS.
 */
export function buildMetaAnswer(
  offer: MetaDescription,
  ours: MetaOfferOptions,
  dialect: SdpDialect,
): Result<string, SdpProblem> {
  const audio = offer.media.find((media) => media.kind === 'audio' && media.port !== 0);
  if (!audio) return problem('SDP_NO_AUDIO', 'The offer has no m=audio line.', 'm=audio');
  const opus = audio.payloads.find(({ name }) => name === 'opus');
  if (!opus) return problem('SDP_NO_OPUS', 'The audio line of the offer has no Opus.', 'a=rtpmap');
  const [first] = ours.candidates;
  const sections = offer.media.map((media) =>
    media === audio ? section(media, opus.payloadType, ours, dialect) : rejected(media),
  );
  return ok(
    lines(
      'v=0',
      `o=- ${ours.sessionId} 1 ${first ? connectionOf(first) : 'IN IP4 127.0.0.1'}`,
      's=-',
      't=0 0',
      `a=group:BUNDLE ${audio.mid}`,
      `a=msid-semantic: WMS ${ours.streamId}`,
      ...sections.flat(),
    ),
  );
}

function section(media: MetaMedia, opus: number, ours: MetaOfferOptions, dialect: SdpDialect): string[] {
  const [first] = ours.candidates;
  const { payloadType: wanted, clockRate } = dialect.telephoneEvent;
  const events = media.payloads.filter((p) => p.name === 'telephone-event' && p.payloadType === wanted);
  const { audioLevelExtensionId: level, midExtensionId: mid } = media;
  return [
    `m=audio ${first?.port ?? 9} UDP/TLS/RTP/SAVPF ${[opus, ...events.map((p) => p.payloadType)].join(' ')}`,
    `c=${connectionOf(first)}`,
    'a=rtcp:9 IN IP4 0.0.0.0',
    ...candidateLines(ours),
    ...localTransport(ours, 'active'),
    `a=mid:${media.mid}`,
    ...(level === undefined ? [] : [`a=extmap:${level} ${AUDIO_LEVEL_URI}`]),
    ...(mid === undefined ? [] : [`a=extmap:${mid} ${MID_URI}`]),
    'a=sendrecv',
    `a=msid:${ours.streamId} ${ours.trackId}`,
    'a=rtcp-mux',
    `a=rtpmap:${opus} opus/48000/2`,
    `a=fmtp:${opus} minptime=10;useinbandfec=1`,
    ...events.flatMap((p) => [
      `a=rtpmap:${p.payloadType} telephone-event/${p.clockRate || clockRate}`,
      `a=fmtp:${p.payloadType} 0-15`,
    ]),
    ...ptimeLines(dialect),
    ...sourceLines(ours),
  ];
}

function rejected({ kind, mid, payloads }: MetaMedia): string[] {
  return [
    `m=${kind} 0 UDP/TLS/RTP/SAVPF ${payloads.map((p) => p.payloadType).join(' ') || '0'}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    'a=inactive',
  ];
}
