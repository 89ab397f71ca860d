/** The states of a call, as the call itself, the admin port and whoever reads it name them. */
export const CALL_STATES = [
  /** Only before `startCall` returns. */
  'new',
  /** Looking the caller's name up; a media worker opens both legs' sockets. */
  'preparing',
  /** INVITE sent, no 18x yet. */
  'inviting',
  /** The phone rings. */
  'ringing',
  /** The phone calls: whether the consumer permits it is asked; a media worker opens both legs' sockets. */
  'checking',
  /** Graph connect is sent; nothing rings yet. */
  'dialing',
  /** The consumer's device rings. */
  'alerting',
  /** Accepted, or being so, while phones ring: the consumer hears the PBX, or our ringback tone. */
  'early',
  /** The phone answered (200, ACK); Graph accept is in flight. */
  'accepting',
  /** Meta's answer is here or due; ICE and DTLS are coming up. */
  'connecting',
  /** Both directions are open. */
  'talking',
  /** One-shot tear-down: waiting, with a bound, for replies and for the terminate webhook. */
  'ending',
  /** Absorbing. The call can be forgotten. */
  'ended',
] as const;
export type CallStateName = (typeof CALL_STATES)[number];
