/** What one stream listener bears, so that peers which are slow, many or silent cost little. */
export const STREAM_LIMITS = {
  /** Connections of one listener, in both directions, handshakes included. */
  connections: 2048,
  /** Accepted connections of one source address. A PBX may open one a call. */
  perAddress: 512,
  /** Backlog of connections that the kernel holds before they are accepted. */
  acceptBacklog: 511,
  /** Connecting and, for TLS, the handshake, ms. */
  connectMs: 10_000,
  /** An accepted connection on which no whole message or ping has come, ms. */
  firstMessageMs: 60_000,
  /** A request that is older has had its answer, or its timer B or F (RFC 3261 17.1). ms. */
  answerMs: 32_000,
  /** From the first byte of a message to its last, ms. */
  messageMs: 30_000,
  /** A connection on which nothing moved either way is closed; peers that want it longer send keep-alives. ms. */
  idleMs: 10 * 60_000,
  /** Between our own keep-alives; RFC 5626 4.4.1 has at most 120 s. ms. */
  pingMs: 105_000,
  /** A peer that has answered pings before and does not answer one for so long is gone (RFC 5626 4.4.1). ms. */
  pongMs: 10_000,
  /** A peer that leaves so much unread is disconnected. Bytes. */
  backlog: 4 * 1024 * 1024,
} as const;
