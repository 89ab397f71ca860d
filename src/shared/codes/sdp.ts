import type { CodeEntry } from '../error.ts';

export const sdpCodes = {
  SDP_MALFORMED: {
    what: 'A session description could not be read.',
    remedy: 'Look at the description in a trace: it must begin with v=0 and have an m= line.',
  },
  SDP_NO_AUDIO: {
    what: 'A session description has no usable audio line.',
    remedy: 'The other side must offer or accept RTP audio (m=audio with a port above 0).',
  },
  SDP_NO_COMMON_CODEC: {
    what: 'The phone shares no codec with us; it got 488.',
    remedy:
      'Add one of its codecs to trunks.<name>.codecs, or enable PCMU, PCMA, G.722 or Opus on the phone.',
  },
  SDP_NO_ICE: {
    what: "Meta's description has no ICE credentials.",
    remedy: 'Report it with a trace: ice-ufrag and ice-pwd are required (RFC 8839).',
  },
  SDP_NO_FINGERPRINT: {
    what: "Meta's description has no usable certificate fingerprint.",
    remedy: 'Report it with a trace: a sha-256 fingerprint is required (RFC 8122).',
  },
  SDP_NO_OPUS: {
    what: "Meta's description has no Opus.",
    remedy: 'Report it with a trace: Messenger calls carry Opus only.',
  },
  SDP_NO_SRTP: {
    what: 'The phone gave no SRTP key that we can use, where SRTP must be; it got 488, or BYE after its answer.',
    remedy:
      'Turn SRTP with keys in SDP (SDES) on at the phone or PBX, with AES_CM_128_HMAC_SHA1_80 and without MKI; or set trunks.<name>.srtp to optional.',
  },
  SDP_SRTP_OFF: {
    what: 'The phone wants SRTP (RTP/SAVP) on a trunk that has it off; it got 488.',
    remedy: 'Set trunks.<name>.srtp to optional or required, or turn SRTP off at the phone or PBX.',
  },
  SDP_ADDRESS: {
    what: 'A session description has no usable connection address.',
    remedy: 'The c= line must hold an IPv4 or IPv6 address; host names there are not resolved.',
  },
} as const satisfies Record<string, CodeEntry>;
