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
    remedy: 'Use PCM of 8, 16, 24 or 32 bits or G.711: ffmpeg -i IN -ar 16000 -ac 1 -c:a pcm_s16le OUT.wav',
  },
  MEDIA_SOUND: {
    what: 'A sound of the configuration cannot be played; the gateway did not start.',
    remedy:
      'Name a WAV file of at most 10 minutes, 8 to 48 kHz, mono or stereo, that the gateway may read: ffmpeg -i IN -ar 16000 -ac 1 -c:a pcm_s16le OUT.wav',
  },
  MEDIA_NO_SOUND: {
    what: 'A sound was to be played that the configuration does not have.',
    remedy: 'Name one of sounds.files.',
  },
  MEDIA_RECORD_OPEN: {
    what: 'A recording could not be begun; the call went on without it.',
    remedy: 'Check that recording.directory exists, is writable by the user of the gateway and has room.',
  },
  MEDIA_RECORD_DISK: {
    what: 'The disk did not take a recording in time: what was said meanwhile is missing in the file, as silence.',
    remedy:
      'Check the room on and the speed of the disk of recording.directory; the call itself was not disturbed.',
  },
  MEDIA_RECORD_REFUSED: {
    what: 'A recording was asked for that the route does not permit, or that is not in that state.',
    remedy: 'The message says what is in the way; a route with recording: on-demand permits start and stop.',
  },
} as const satisfies Record<string, CodeEntry>;
