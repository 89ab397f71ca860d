/** What one leg of a call received and sent since the sample before. */
export interface LegQuality {
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
  /** Mean opinion score of the call so far; absent without audio. */
  readonly mos?: number;
  /** Mean wait in the jitter buffer, ms; absent without one. */
  readonly bufferMs?: number;
  /** Loudest of what came from it and was measured, root mean square of a frame, dBFS; absent: nothing was decoded. */
  readonly levelDb?: number;
  readonly report: LegReport;
}

/** What our next RTCP report of a leg says; counts are of the whole call. */
export interface LegReport {
  /** We send with it. */
  readonly ssrc: number;
  /** Whom we hear; 0 before the first packet. */
  readonly source: number;
  readonly packets: number;
  readonly octets: number;
  readonly lost: number;
  readonly highest: number;
  /** RTP ticks. */
  readonly jitter: number;
}

/** Both legs of a call at one moment. */
export interface QualitySample {
  readonly consumer: LegQuality;
  readonly phone: LegQuality;
}
