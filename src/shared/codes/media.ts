import type { CodeEntry } from '../error.ts';

export const mediaCodes = {
  MEDIA_OPUS: {
    what: 'The Opus library could not be loaded or used.',
    remedy: 'Reinstall the dependencies (npm install); check that memory is left.',
  },
  MEDIA_RTP_PORTS: {
    what: 'No free pair of UDP ports was found for the RTP of a phone.',
    remedy:
      'Widen rtp.portMin-portMax: each call needs two ports. Check that rtp.address is an address of this machine.',
  },
  MEDIA_WAV: {
    what: 'A WAV file could not be read.',
    remedy: 'Use 16-bit PCM, mono or stereo.',
  },
} as const satisfies Record<string, CodeEntry>;
