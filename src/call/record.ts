import { type Static, type TSchema, Type } from 'typebox';
import type { Written } from '../shared/written.ts';

const at = (description: string) => Type.Optional(Type.Number({ description }));
const oneOf = <const T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], description });
const list = <T extends TSchema>(item: T, description: string) => Type.Array(item, { description });
const whole = (description: string) => Type.Integer({ description, minimum: 0 });
const ms = (description: string) => Type.Number({ description, minimum: 0 });

/** Points in a call's life, in the order of a good one. */
const milestones = Type.Object(
  {
    webhook: at('The connect webhook arrived.'),
    invite: at("The first INVITE was asked for, or the phone's INVITE came."),
    permitted: at('The consumer lets the Page call (business_initiated).'),
    connectSent: at('Graph was asked to call the consumer.'),
    connectDone: at('Graph said that it does.'),
    ringing: at("The first 18x, or Meta's `ringing`."),
    answered: at("200 from the phone, or Meta's `accepted`."),
    acceptSent: at('Graph was asked to accept the call.'),
    acceptDone: at('Graph said success.'),
    iceConnected: at('ICE connected.'),
    secure: at('DTLS up, SRTP keys in the packet path.'),
    firstPacketFromConsumer: at('The first RTP packet of the consumer.'),
    firstPacketFromPhone: at('The first RTP packet of the phone.'),
    ended: at('The tear-down began.'),
  },
  {
    description:
      'When what happened for the first time, milliseconds since the epoch; what never happened is not there.',
  },
);
export type Milestone = keyof Static<typeof milestones>;
export const MILESTONES = Object.keys(milestones.properties) as readonly Milestone[];

/** Who ended it. `meta`: Meta said `Failed`. */
const ENDED_BY = ['consumer', 'phone', 'gateway', 'operator', 'meta'] as const;
export type EndedBy = (typeof ENDED_BY)[number];

/** Why a call ended; `causes.ts` maps each to SIP, Q.850 and Meta's metric reason. */
export const END_CAUSES = [
  /** Normal end of a conversation. */
  'consumer-hangup',
  'phone-hangup',
  /** The consumer hung up, or Meta gave up, before the call was accepted. */
  'cancelled',
  /** The phone that called gave up before the consumer answered. */
  'phone-cancelled',
  /** The consumer does not permit calls of this Page. */
  'no-permission',
  /** Graph did not place the call, or nobody knows whether it did. */
  'connect-failed',
  /** The consumer declined or did not answer: Meta does not tell which. */
  'not-taken',
  /** The phone answered, but the consumer was gone when Graph was asked to accept. */
  'accept-after-hangup',
  'busy',
  'declined',
  /** Nobody answered within the ring budget, or the phone said so (480, 408). */
  'no-answer',
  /** No target exists or could be reached (404, 403, 488, 5xx, transport). */
  'unreachable',
  'no-route',
  /** A routing rule rejected it, or had an announcement played in place of a phone. */
  'turned-away',
  /** Another app answered. */
  'answered-elsewhere',
  /** Graph refused to accept, or nobody knows whether it did. */
  'accept-failed',
  /** Graph accepted, but no usable SDP came. */
  'no-answer-sdp',
  /** ICE or DTLS did not come up. */
  'media-setup-failed',
  /** Media of the consumer's side stopped, or nothing came from one side for too long. */
  'media-lost',
  /** The media worker could not do its part. */
  'media-failed',
  /** The phone's dialog was lost without BYE. */
  'phone-lost',
  /** The phone handed the call over and left, and nobody took it. */
  'transfer-failed',
  /** The PBX did what our REFER asked for, and sent the consumer no RTP afterwards. */
  'transfer-silent',
  /** Meta ended the call with status Failed. */
  'meta-failed',
  'max-duration',
  'operator',
  'shutdown',
  'bug',
  /** The gateway died while the call was up; told by the one that was started after it. */
  'crash',
  /** Never rang: terminate came before connect, connect came too late, or there was no room. */
  'missed',
] as const;
export type EndCause = (typeof END_CAUSES)[number];

/** `none`, `sent` (no reply), `done`, `failed`, `ambiguous`. */
const action = (what: string) =>
  Type.String({
    description: `How our own ${what} ended: \`none\`, \`sent\` (no reply), \`done\`, \`failed\`, \`ambiguous\`.`,
  });
const status = (description: string) =>
  Type.Optional(Type.Integer({ description, minimum: 100, maximum: 699 }));

const transfer = Type.Object({
  kind: oneOf(
    ['blind', 'attended', 'replaced', 'referred', 'recall'],
    'REFER without and with Replaces, INVITE with Replaces, REFER sent by us, the phone that transferred rung back.',
  ),
  by: Type.Optional(oneOf(['operator'], 'Absent: a phone asked for it.')),
  from: Type.String({ description: 'Who handed it on.' }),
  to: Type.String({ description: 'To whom.' }),
  atMs: Type.Number({ description: 'When, milliseconds since the epoch.' }),
  outcome: oneOf(
    ['done', 'failed', 'cancelled', 'unknown'],
    '`cancelled`: the call ended first; `unknown`: the PBX did not tell.',
  ),
  status: status('What the phone that asked was told last, or the PBX told.'),
});
/** How a call was handed on once; kinds and outcomes as in `Transfer`. */
export type TransferEntry = Written<Static<typeof transfer>>;

/**
 * What the call itself says in its record; the gateway adds what media, routing and phones told. No name, no digits, no
 * SDP. The type, the checks, the JSON Schema and the page about records come from here.
 */
export const CALL_RECORD = Type.Object({
  v: Type.Literal(1, {
    description: 'Version of the format: keys may be added to it, never changed or taken away.',
  }),
  callId: Type.String({
    description: "Meta's id of the call; of one that Meta never named, ours (`out-...`). One record has it.",
  }),
  platform: Type.Optional(oneOf(['messenger', 'whatsapp'], 'Absent: messenger.')),
  pageId: Type.String({ description: 'Id of the Page; on WhatsApp the phone_number_id.' }),
  psid: Type.String({ description: 'The consumer: page-scoped id; on WhatsApp the wa_id. Personal.' }),
  direction: oneOf(['user_initiated', 'business_initiated'], 'Who called: the consumer, or a phone.'),
  cause: oneOf(END_CAUSES, 'Why it ended.'),
  endedBy: oneOf(ENDED_BY, 'Who ended it; `meta`: Meta said that it failed.'),
  detail: Type.Optional(Type.String({ description: 'Error code or text behind the cause.' })),
  answered: Type.Boolean({
    description: 'The two were connected: Graph accepted the call, or the consumer picked up.',
  }),
  announced: Type.Optional(Type.String({ description: 'What the consumer heard in place of a phone.' })),
  target: Type.Optional(Type.String({ description: 'Who answered, or called: `trunk/user`.' })),
  attempts: list(
    Type.Object({
      target: Type.String({ description: 'Who was rung: `trunk/user`.' }),
      status: status('Final SIP status.'),
    }),
    'Whom the call rang, in order, transfers apart.',
  ),
  transfers: Type.Optional(list(transfer, 'How the call was handed on, oldest first; absent: it was not.')),
  sipStatus: status("Last final SIP status of the phone's side, transfers apart."),
  milestones,
  ringMs: ms('From the first INVITE until answer or end; 0 when none was sent.'),
  talkMs: ms('Of open media: from `secure` (or the answer, when that is later) until `ended`.'),
  dtmfDigits: whole('Keys that were pressed; which ones is not kept.'),
  renegotiations: whole("Changes of the session that Meta's side asked for."),
  meta: Type.Object(
    {
      endReason: Type.String({ description: "`end_call_reason` of Meta's call_metrics." }),
      status: Type.Optional(Type.String({ description: 'Of the terminate webhook, when it came.' })),
      durationS: Type.Optional(Type.Number({ description: 'Of the terminate webhook, seconds.' })),
      preAccept: Type.Optional(action('pre_accept (WhatsApp)')),
      accept: action('accept'),
      connect: action('connect'),
      reject: action('reject'),
      terminate: action('terminate'),
    },
    { description: 'What Meta said, and what we asked of it.' },
  ),
});
export type CallRecord = Written<Static<typeof CALL_RECORD>>;
