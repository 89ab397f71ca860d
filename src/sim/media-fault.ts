/**
 * What is broken in a relay's media. `no-ice`: its ICE checks stay unanswered. `no-dtls`: so does the handshake.
 * `wrong-keys`: what it sends is protected with another key than was agreed.
 */
export type MediaFault = (typeof MEDIA_FAULTS)[number];

export const MEDIA_FAULTS = ['no-ice', 'no-dtls', 'wrong-keys'] as const;
