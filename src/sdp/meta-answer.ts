import type { MetaDescription, MetaMedia } from './meta-description.ts';
import {
  AUDIO_LEVEL_URI,
  lines,
  localTransport,
  META_OPUS,
  type MetaOfferOptions,
  MID_URI,
} from './meta-offer.ts';
import type { Direction } from './plans.ts';

/**
 * Our local answer to an offer of Meta's (renegotiation after accept, or a media_update). It is not posted by
 * default: Meta dictates the lines and has no slot for it; it is made because the rules of offer and answer
 * want one, and for `postRenegotiationAnswer`. The line that listens to us answers sendonly with our msid and
 * SSRC, the consumer's recvonly, video inactive (keeping mid and order; port 0 would trip BUNDLE). Only a line
 * that Meta itself offers with port 0 gets it back (RFC 3264 section 6).
 */
export function buildLocalAnswer(offer: MetaDescription, ours: MetaOfferOptions, version: number): string {
  const [first] = ours.candidates;
  const mids = offer.media.filter((media) => media.port !== 0).map((media) => media.mid);
  let oursPlaced = false;
  const sections = offer.media.map((media) => {
    const direction = answerDirection(media);
    const carriesUs = !oursPlaced && (direction === 'sendonly' || direction === 'sendrecv');
    if (carriesUs) oursPlaced = true;
    return section(media, direction, carriesUs, ours);
  });
  return lines(
    'v=0',
    `o=- ${ours.sessionId} ${version} IN ${first?.address.includes(':') ? 'IP6' : 'IP4'} ${first?.address ?? '127.0.0.1'}`,
    's=-',
    't=0 0',
    `a=group:BUNDLE ${mids.join(' ')}`,
    'a=extmap-allow-mixed',
    `a=msid-semantic: WMS ${ours.streamId}`,
    ...sections.flat(),
  );
}

/** RFC 3264 section 6.1; anything but audio is inactive. */
function answerDirection(media: MetaMedia): Direction {
  if (media.kind !== 'audio' || media.port === 0) return 'inactive';
  if (media.direction === 'sendonly') return 'recvonly';
  if (media.direction === 'recvonly') return 'sendonly';
  return media.direction;
}

function section(
  media: MetaMedia,
  direction: Direction,
  carriesUs: boolean,
  ours: MetaOfferOptions,
): string[] {
  const payloads = media.kind === 'audio' ? media.payloads.filter(isOurs) : media.payloads;
  const numbers = payloads.map((payload) => payload.payloadType);
  return [
    `m=${media.kind} ${media.port === 0 ? 0 : 9} UDP/TLS/RTP/SAVPF ${(numbers.length > 0 ? numbers : [META_OPUS]).join(' ')}`,
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    ...localTransport(ours, 'active'),
    `a=mid:${media.mid}`,
    ...(media.audioLevelExtensionId === undefined
      ? []
      : [`a=extmap:${media.audioLevelExtensionId} ${AUDIO_LEVEL_URI}`]),
    ...(media.midExtensionId === undefined ? [] : [`a=extmap:${media.midExtensionId} ${MID_URI}`]),
    `a=${direction}`,
    ...(carriesUs ? [`a=msid:${ours.streamId} ${ours.trackId}`] : []),
    'a=rtcp-mux',
    ...payloads.map(
      (p) => `a=rtpmap:${p.payloadType} ${p.name}/${p.clockRate}${p.name === 'opus' ? '/2' : ''}`,
    ),
    ...payloads
      .filter((p) => p.name === 'opus')
      .map((p) => `a=fmtp:${p.payloadType} minptime=10;useinbandfec=1`),
    ...(carriesUs
      ? [
          `a=ssrc:${ours.ssrc} cname:${ours.cname}`,
          `a=ssrc:${ours.ssrc} msid:${ours.streamId} ${ours.trackId}`,
        ]
      : []),
  ];
}

function isOurs({ name }: { readonly name: string }): boolean {
  return name === 'opus' || name === 'telephone-event';
}
