import { Type } from 'typebox';
import { choice, count, epochMs, figure, flag, named, optional, text } from './shapes.ts';

/** What one leg received and sent so far. Names of W3C webrtc-stats mean what it says. */
export const LEG_STATS = named('LegStats', {
  received: count('Packets that came.'),
  used: count('Packets that were used.'),
  waiting: count('Packets in the jitter buffer now.'),
  dropped: Type.Record(Type.String(), count('Packets.'), {
    description: 'Packets that went no further, by reason.',
  }),
  strangers: count(
    'Datagrams of strangers that were dropped unread, because there were too many; those at the RTP port are received and dropped as source, too.',
  ),
  sent: count('Packets sent.'),
  bytesReceived: count('Bytes.'),
  bytesSent: count('Bytes.'),
  lost: figure('Packets missing from the sequence, never arrived.'),
  jitterMs: figure('Interarrival jitter (RFC 3550 section 6.4.1), ms.'),
  recoveredByFec: count('Frames recovered by in-band FEC.'),
  roundTripMs: figure('Last round trip by RTCP, ms; -1 when unknown.'),
  totalRoundTripTime: figure('Sum of all round trips, seconds.'),
  roundTripTimeMeasurements: count('Their number.'),
  remoteLost: figure('Packets that the far side says it lost of ours.'),
  remoteFractionLost: figure('The part of the last interval that it says it lost, 0 to 1.'),
  remoteJitterMs: figure('Jitter of ours that the far side says it saw, ms.'),
  rtcpMalformed: count('RTCP datagrams that made no sense.'),
  firstPacketAtMs: epochMs('When the first packet came; 0 when nothing did'),
  totalSamplesReceived: figure('Samples played, concealed ones included.'),
  concealedSamples: figure('Samples made up for what was lost, late or not sent.'),
  silentConcealedSamples: figure('Of these, silence or comfort noise.'),
  concealmentEvents: count('How often concealment began.'),
  insertedSamplesForDeceleration: figure('Samples by which playout was slowed down.'),
  removedSamplesForAcceleration: figure('Samples by which it was sped up.'),
  jitterBufferDelay: figure('Sum over emitted samples of the seconds they waited.'),
  jitterBufferTargetDelay: figure('Sum over emitted samples of the delay aimed at, seconds.'),
  jitterBufferEmittedCount: figure('Samples that came out of the jitter buffer.'),
  packetsDiscarded: figure('Packets late, or without room or time in the jitter buffer.'),
  fecPacketsReceived: figure('Packets that carried in-band FEC.'),
  rFactor: optional(figure('Rating of the E-model, 0 to 93.2; absent without audio.')),
  mos: optional(figure('Mean opinion score, 1 to 4.41; absent without audio.')),
  keys: count('Keys that this leg pressed.'),
  keysMerged: count('Words about keys that another method had told of already.'),
});

/** The transport with Meta: ICE (RFC 8445) and DTLS. */
export const WEBRTC_LEG = named('WebrtcLeg', {
  state: choice(
    ['new', 'ice-checking', 'ice-connected', 'secure', 'disconnected', 'failed', 'closed'],
    'Of ICE and DTLS.',
  ),
  ssrc: count('Ours.'),
  answerVersion: count('Which answer of ours is in force.'),
  local: optional(text('Address and port of our end of the nominated pair.')),
  remote: optional(text("Of Meta's end.")),
  rttMs: optional(figure('Round trip of the last check, ms.')),
  consent: Type.Object({ sent: count('Checks.'), answered: count('Replies.') }, { description: 'RFC 7675.' }),
  candidates: count('Candidates of ours.'),
  strangers: count('Datagrams of strangers that were dropped unread, because there were too many.'),
});

/** Audio that should flow and does not. */
export const ONE_WAY = named('OneWay', {
  leg: choice(['consumer', 'phone'], 'Whose audio.'),
  direction: choice(['from', 'to'], 'from: what should come from the leg; to: what we send it.'),
  cause: text('Most likely why: src/media/one-way/causes.md has each, and what to do.'),
  hint: flag('It may be meant so.'),
  evidence: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String()]), {
    description: 'What was counted when it was named: milliseconds, packets, states.',
  }),
});
