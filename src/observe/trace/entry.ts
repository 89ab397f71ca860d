import type { QualitySample } from '../../shared/leg-quality.ts';

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
  readonly quality?: QualitySample;
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
