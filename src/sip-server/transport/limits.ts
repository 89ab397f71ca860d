/** What one stream listener bears, so that peers which are slow, many or silent cost little. */
export interface StreamLimits {
  /** Connections of one listener, in both directions, handshakes included. */
  readonly connections: number;
  /** Accepted connections of one source address. A PBX may open one a call. */
  readonly perAddress: number;
  /** Backlog of connections that the kernel holds before they are accepted. */
  readonly acceptBacklog: number;
  /** Connecting and, for TLS, the handshake, ms. */
  readonly connectMs: number;
  /** An accepted connection on which no whole message or ping has come, ms. */
  readonly firstMessageMs: number;
  /** A request that is older has had its answer, or its timer B or F (RFC 3261 17.1). ms. */
  readonly answerMs: number;
  /** From the first byte of a message to its last, ms. */
  readonly messageMs: number;
  /** A connection on which nothing moved either way is closed; peers that want it longer send keep-alives. ms. */
  readonly idleMs: number;
  /** Between our own keep-alives; RFC 5626 4.4.1 has at most 120 s. ms. */
  readonly pingMs: number;
  /** A peer that has answered pings before and does not answer one for so long is gone (RFC 5626 4.4.1). ms. */
  readonly pongMs: number;
  /** A peer that leaves so much unread is disconnected. Bytes. */
  readonly backlog: number;
}

export const STREAM_LIMITS: StreamLimits = {
  connections: 2048,
  perAddress: 512,
  acceptBacklog: 511,
  connectMs: 10_000,
  firstMessageMs: 60_000,
  answerMs: 32_000,
  messageMs: 30_000,
  idleMs: 10 * 60_000,
  pingMs: 105_000,
  pongMs: 10_000,
  backlog: 4 * 1024 * 1024,
};

/** TCP's own keep-alive begins after so long without data, and finds peers that vanished. ms. */
export const KEEP_ALIVE_MS = 60_000;
