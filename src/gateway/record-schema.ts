import { type Static, Type } from 'typebox';
import { CALL_RECORD } from '../call/index.ts';
import type { DropReason } from '../media/index.ts';
import type { Written } from '../shared/written.ts';

const text = (description: string) => Type.String({ description });
const number = (description: string) => Type.Number({ description });
const maybe = (description: string) => Type.Optional(text(description));

const dropped = Type.Object(
  {
    malformed: number('No RTP or RTCP.'),
    notOpen: number('Before keys or a plan were there, or while both directions were shut.'),
    payloadType: number('Of a payload type that nobody agreed to: video.'),
    replay: number('Seen before (SRTP).'),
    auth: number('SRTP authentication failed.'),
    duplicate: number('The same packet again.'),
    late: number('Too late to be played.'),
    overflow: number('The jitter buffer had no room.'),
    source: number("From another address than the phone's."),
    flood: number('More than any codec makes.'),
    undecodable: number('The codec could not read it.'),
    held: number('Directions forbid it: the phone holds.'),
    event: number('A telephone-event that is no key.'),
  } satisfies Record<DropReason, unknown>,
  { description: 'Packets that were received and went no further, by why.' },
);

const leg = (whose: string) =>
  Type.Object(
    {
      received: number('Packets that came.'),
      used: number('Of these, those that were used.'),
      waiting: number('Of these, those that were in the jitter buffer at the end.'),
      dropped,
      strangers: number(
        'Datagrams of strangers that were dropped unread, because there were too many; those at the RTP port are received and dropped as source, too.',
      ),
      sent: number('Packets that we sent.'),
      bytesReceived: number('Bytes that came.'),
      bytesSent: number('Bytes that we sent.'),
      lost: number('Packets missing from the sequence, that never came.'),
      jitterMs: number('Interarrival jitter (RFC 3550 6.4.1), ms.'),
      recoveredByFec: number('Frames recovered by in-band FEC.'),
      roundTripMs: number('Last round trip by RTCP, ms; -1: unknown.'),
      totalRoundTripTime: number('Sum of all round trips, seconds.'),
      roundTripTimeMeasurements: number('Their number.'),
      remoteLost: number('What the far side says it lost of ours.'),
      remoteFractionLost: number('The same of the last interval, 0 to 1.'),
      remoteJitterMs: number('Jitter of ours that the far side says it saw, ms.'),
      rtcpMalformed: number('RTCP that made no sense.'),
      firstPacketAtMs: number('Milliseconds since the epoch; 0: nothing came.'),
      totalSamplesReceived: number(
        "Samples that were played, at the RTP clock's rate; none of audio that passed through.",
      ),
      concealedSamples: number('Of these, those that were made up.'),
      silentConcealedSamples: number('Of these, silence and comfort noise.'),
      concealmentEvents: number('How often that began.'),
      insertedSamplesForDeceleration: number('Samples by which playout was slowed down.'),
      removedSamplesForAcceleration: number('Samples by which it was sped up.'),
      jitterBufferDelay: number('Sum over the samples of the seconds they waited.'),
      jitterBufferTargetDelay: number('Sum over the samples of the delay aimed at, seconds.'),
      jitterBufferEmittedCount: number('Samples that came out of the jitter buffer.'),
      packetsDiscarded: number('Late, or without room in the jitter buffer.'),
      fecPacketsReceived: number('Packets that carried in-band FEC.'),
      rFactor: Type.Optional(number('E-model rating of what came (G.107), 0 to 93.2; absent without audio.')),
      mos: Type.Optional(number('Mean opinion score of what came, 1 to 4.41; absent without audio.')),
      keys: number('Keys that were pressed.'),
      keysMerged: number('Words about keys that another way had told of already.'),
    },
    {
      description: `What came from and went to the ${whose}. Names of W3C webrtc-stats mean what they say there.`,
    },
  );

/**
 * A call record as it is written: the call's part, and what media, routing and the phones' messages told. The one source
 * of its type, its JSON Schema (`config/records.schema.json`) and its page (`config/records.md`).
 */
export const RECORD_SCHEMA = Type.Object(
  {
    ...CALL_RECORD.properties,
    trunk: maybe('Of the phone that answered, or called.'),
    codec: maybe("The phone's codec, of the phone that talked last; the consumer's is always Opus."),
    media: Type.Optional(
      Type.Object(
        {
          codec: maybe("The phone's codec at the end, as the packet path has it."),
          consumer: leg('consumer'),
          phone: leg('phone'),
        },
        {
          description:
            'What the media of both sides counted; absent when there was none, or its worker died.',
        },
      ),
    ),
    recordings: Type.Optional(
      Type.Array(
        Type.Object({
          file: text(
            'In recording.directory; `.part` behind it: not whole then (by now it may have lost that).',
          ),
          complete: Type.Boolean({ description: 'The file is whole.' }),
          durationMs: Type.Optional(number('How long it is, ms.')),
          pausedMs: Type.Optional(number('Of that, paused: silence, ms.')),
          gapMs: Type.Optional(number('Of that, silence for what the disk did not take, ms.')),
          gaps: Type.Optional(number('How often.')),
          recovered: Type.Optional(
            Type.Literal(true, {
              description: 'The gateway died meanwhile, and the next one finished the file.',
            }),
          ),
        }),
        { description: 'Files of what was said.' },
      ),
    ),
    oneWay: Type.Optional(
      Type.Array(
        Type.Object({
          leg: Type.Unsafe<'consumer' | 'phone'>({
            ...{ type: 'string', enum: ['consumer', 'phone'] },
            description: 'Whose audio.',
          }),
          direction: Type.Unsafe<'from' | 'to'>({
            ...{ type: 'string', enum: ['from', 'to'] },
            description: 'from: what should have come from the leg; to: what we sent it.',
          }),
          cause: text('Most likely why; src/media/one-way/causes.md has each, and what to do.'),
          hint: Type.Optional(Type.Literal(true, { description: 'It may have been meant so.' })),
          evidence: Type.Record(Type.String(), Type.Union([Type.Number(), Type.String()]), {
            description: 'What was counted when it was named: ms, packets, states.',
          }),
          atMs: number('When it was named, milliseconds since the epoch.'),
          ms: Type.Optional(number('How long it went on from then, ms; absent: to the end of the call.')),
        }),
        { description: 'Audio that should have flowed and did not; the first 20 times.' },
      ),
    ),
    routing: Type.Optional(
      Type.Object(
        {
          rule: maybe('Name of the rule of routing.rules that fitted; absent: none did.'),
          route: maybe('Name of the route it took, one of routes.'),
          announce: maybe('What was announced in place of one.'),
          reject: Type.Optional(Type.Boolean({ description: 'It was rejected.' })),
        },
        { description: "What routing made of a consumer's call." },
      ),
    ),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description:
          "Headers of the PBX's messages that trunks.<name>.headers.copy names, by name. Personal.",
      }),
    ),
    userToUser: maybe("The PBX's User-to-User, as text. Personal."),
    connected: Type.Optional(
      Type.Object(
        {
          user: maybe('User of the identity.'),
          displayName: maybe('Name, if it has one.'),
          private: Type.Optional(
            Type.Literal(true, { description: 'The PBX asked for it to be told to nobody.' }),
          ),
        },
        { description: 'Who was connected last, as the PBX says. Personal.' },
      ),
    ),
    redirects: Type.Optional(
      Type.Array(
        Type.Object({
          status: number('3xx'),
          from: text('Who redirected.'),
          to: maybe('To whom; absent: nowhere.'),
          refused: maybe('Why it was not followed.'),
        }),
        { description: 'Where 3xx led, in order.' },
      ),
    ),
  },
  {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'call record of messenger-sip-gateway, version 1',
    description: 'Keys may be added to this version; a reader passes over those that it does not know.',
  },
);

/** The call's record, whole. */
export type FinalRecord = Written<Static<typeof RECORD_SCHEMA>>;
