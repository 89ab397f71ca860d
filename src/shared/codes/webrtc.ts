import type { CodeEntry } from '../error.ts';

export const webrtcCodes = {
  WEBRTC_BIND: {
    what: 'No UDP socket could be bound for a call to Meta.',
    remedy: 'Check webrtc.bindAddress, and that webrtc.portMin-portMax is wide enough for limits.maxCalls.',
  },
  WEBRTC_STATE: {
    what: 'A session description came when the WebRTC session could not take it.',
    remedy: 'Report it with a trace of the call.',
  },
  WEBRTC_FINGERPRINT_CHANGED: {
    what: 'Meta changed its certificate in the middle of a call.',
    remedy: 'Report it with a trace of the call; the call goes on with the certificate it began with.',
  },
} as const satisfies Record<string, CodeEntry>;
