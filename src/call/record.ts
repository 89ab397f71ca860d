/** Points in a call's life, in the order of a good one. Values in records are milliseconds since the epoch. */
export const MILESTONES = [
  /** The connect webhook arrived. */
  'webhook',
  /** First INVITE asked for, or the phone's INVITE. */
  'invite',
  /** The consumer lets the Page call (business-initiated). */
  'permitted',
  /** Graph was asked to call the consumer. */
  'connectSent',
  'connectDone',
  /** First 18x, or Meta's `ringing`. */
  'ringing',
  /** 200 from the phone, or Meta's `accepted`. */
  'answered',
  'acceptSent',
  /** Graph said success. */
  'acceptDone',
  'iceConnected',
  /** DTLS up, SRTP keys in the packet path. */
  'secure',
  'firstPacketFromConsumer',
  'firstPacketFromPhone',
  /** The tear-down began. */
  'ended',
] as const;
export type Milestone = (typeof MILESTONES)[number];

/** Who ended it. `meta`: Meta said `Failed`. */
export type EndedBy = 'consumer' | 'phone' | 'gateway' | 'operator' | 'meta';

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

/** How a call was handed on once; kinds and outcomes as in `Transfer`. */
export interface TransferEntry {
  readonly kind: 'blind' | 'attended' | 'replaced' | 'referred' | 'recall';
  /** Absent: a phone asked for it. */
  readonly by?: 'operator';
  readonly from: string;
  readonly to: string;
  readonly atMs: number;
  readonly outcome: 'done' | 'failed' | 'cancelled' | 'unknown';
  /** What the phone that asked was told last, or the PBX told. */
  readonly status?: number | undefined;
}

/** One line of the call log. No name, no digits, no SDP. */
export interface CallRecord {
  readonly v: 1;
  readonly callId: string;
  /** Absent: Messenger. */
  readonly platform?: 'messenger' | 'whatsapp';
  readonly pageId: string;
  readonly psid: string;
  readonly direction: 'user_initiated' | 'business_initiated';
  readonly cause: EndCause;
  readonly endedBy: EndedBy;
  /** Error code or text behind the cause, when there is one. */
  readonly detail?: string | undefined;
  /** True when the two were connected: Graph accepted the call, or the consumer picked up. */
  readonly answered: boolean;
  /** What the consumer heard in place of a phone. */
  readonly announced?: string | undefined;
  /** The target that answered. */
  readonly target?: string | undefined;
  readonly attempts: readonly {
    readonly target: string;
    readonly status?: number | undefined;
  }[];
  /** How the call was handed on, oldest first; absent: it was not. */
  readonly transfers?: readonly TransferEntry[];
  /** Last final SIP status of the phone's side, transfers apart. */
  readonly sipStatus?: number | undefined;
  readonly milestones: Readonly<Partial<Record<Milestone, number>>>;
  /** Milliseconds from the first INVITE until answer or end; 0 when none was sent. */
  readonly ringMs: number;
  /** Milliseconds of open media: `secure` until `ended`. */
  readonly talkMs: number;
  readonly dtmfDigits: number;
  readonly renegotiations: number;
  readonly meta: {
    /** `end_call_reason` for `POST /{page}/call_metrics`. */
    readonly endReason: string;
    /** `status` and `duration` (seconds) of the terminate webhook, when it came. */
    readonly status?: string | undefined;
    readonly durationS?: number | undefined;
    /** How our own actions ended: `none`, `sent` (no reply), `done`, `failed`, `ambiguous`. */
    readonly preAccept?: string;
    readonly accept: string;
    readonly connect: string;
    readonly reject: string;
    readonly terminate: string;
  };
}
