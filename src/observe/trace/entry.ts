/** What a trace tells of, as columns and colours go. */
export type TraceKind =
  | 'webhook'
  | 'graph'
  | 'ice'
  | 'dtls'
  | 'sip'
  | 'rtp'
  | 'rtcp'
  | 'dtmf'
  | 'media'
  | 'timer'
  | 'recording'
  | 'transfer'
  | 'call';

/** Columns of the ladder, from the left. */
export const TRACE_PARTIES = ['meta', 'gateway', 'phone'] as const;
export type TraceParty = (typeof TRACE_PARTIES)[number];

/** One SIP message as it crossed a socket, without credentials, keys and persons. */
export interface TracedSip {
  readonly direction: 'in' | 'out';
  /** udp, tcp or tls. */
  readonly protocol: string;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly text: string;
}

export interface SocketAddress {
  /** IP literal. */
  readonly address: string;
  readonly port: number;
}

/** What one leg received and sent since the sample before; the media room's samples fit. */
export interface TracedLeg {
  readonly received: number;
  readonly sent: number;
  readonly lost: number;
  /** Received and not used, for whatever reason. */
  readonly dropped: number;
  /** Interarrival jitter now (RFC 3550 section 6.4.1), ms. */
  readonly jitterMs: number;
  /** Last round trip by RTCP, ms; absent while unknown. */
  readonly roundTripMs?: number;
  /** What the far side says of our stream: fraction lost (0 to 1) and jitter, ms; absent while it said nothing. */
  readonly remoteLoss?: number;
  readonly remoteJitterMs?: number;
  /** Mean opinion score of the call so far. */
  readonly mos?: number;
  /** Mean wait in the jitter buffer, ms; absent without one. */
  readonly bufferMs?: number;
  readonly report: TracedReport;
}

/** What an RTCP report of ours says by now; counts are of the whole call. */
export interface TracedReport {
  /** SSRC that we send with, and the one we hear; 0 before the first packet. */
  readonly ssrc: number;
  readonly source: number;
  readonly packets: number;
  readonly octets: number;
  readonly lost: number;
  readonly highest: number;
  /** RTP ticks. */
  readonly jitter: number;
}

export interface TracedQuality {
  readonly consumer: TracedLeg;
  readonly phone: TracedLeg;
}

export type TraceData = Readonly<Record<string, string | number | boolean>>;

/** One thing that happened in a call. `from` and `to` are the same for what concerns one party alone. */
export interface TraceEntry {
  /** From 1 on in the order they were taken; gaps are what the limit of memory cost. */
  readonly seq: number;
  /** Milliseconds since the epoch, with fractions. */
  readonly atMs: number;
  readonly kind: TraceKind;
  readonly from: TraceParty;
  readonly to: TraceParty;
  /** Short: `POST accept`, `180 Ringing`, `DTLS up`. */
  readonly what: string;
  readonly data?: TraceData;
  readonly sip?: TracedSip;
  readonly quality?: TracedQuality;
}

/** The facts of a call that its trace begins with; none of them personal. */
export interface TraceHead {
  readonly callId: string;
  readonly pageId: string;
  readonly platform: string;
  readonly direction: string;
  readonly startedAtMs: number;
}

/** A trace as it is shown: the form of `GET /calls/ID/trace`. */
export interface TraceView extends TraceHead {
  readonly v: 1;
  /** Meta's id, where ours is another. */
  readonly metaCallId?: string;
  readonly ended: boolean;
  /** Entries that the limit of memory cost. */
  readonly dropped: number;
  readonly entries: readonly TraceEntry[];
}
