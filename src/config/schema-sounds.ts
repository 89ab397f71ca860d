import { Type } from 'typebox';
import { choice, strict, text, whole } from './schema-kinds.ts';

const TONE_PLANS = ['generic', 'us', 'uk', 'de', 'fr'] as const;
export const SOUND_NAME = '^[A-Za-z0-9_-]{1,64}$';

export const sounds = Type.Object(
  {
    files: Type.Record(
      Type.String({ pattern: SOUND_NAME }),
      text(
        'Path of a WAV file: PCM of 8 to 32 bits or G.711, 8 to 48 kHz, mono or stereo, at most 10 minutes. Read at the start, and at a reload when it has changed.',
      ),
      { ...strict, default: {}, description: 'Music and announcements, by name.' },
    ),
    hold: text(
      'What the consumer hears while the phone holds and sends nothing itself: `tone` (two soft tones every 8 s), `silence`, or one of sounds.files, repeated.',
      { default: 'tone' },
    ),
    transfer: text(
      'What the consumer hears while a phone transfers the call, until the next one answers: `ringback`, `tone` (as for hold), `silence`, or one of sounds.files, repeated.',
      { default: 'ringback' },
    ),
    tones: choice(TONE_PLANS, 'Whose ringback, busy and congestion tones (ITU-T E.180).', {
      default: 'generic',
    }),
    toneLevelDb: whole('Level of each frequency of a tone, dB below full scale.', -60, -6, -20),
    fileGainDb: whole('What the level of files is changed by, dB.', -40, 12, 0),
    leadInMs: whole(
      'Silence before an announcement, once the consumer can hear it; also how long a phone that talks when the path opens is kept back at most, until the word it is in ends, ms; 0: not at all.',
      0,
      2_000,
      300,
    ),
  },
  { ...strict, default: {}, description: 'What the gateway plays.', reload: 'live' },
);

export const recording = Type.Object(
  {
    directory: Type.Optional(
      text('Folder for recordings; needed by routes that record. Files are called after time and call id.'),
    ),
    format: choice(
      ['opus', 'wav'] as const,
      'Ogg Opus, or 16-bit WAV for old players: 4 MB a minute at 16 kHz, where Opus takes 0.4.',
      {
        default: 'opus',
      },
    ),
    bitrate: whole('Of each of the two sides, for opus, bit/s.', 6_000, 128_000, 24_000),
    keepDays: whole('Days after which a recording is deleted; 0: never.', 0, 36_500, 0),
    maxBytes: whole(
      'Bytes of all recordings together, beyond which the oldest are deleted; 0: no limit.',
      0,
      1_000_000_000_000_000,
      0,
    ),
    consentToneMs: whole(
      'How often both sides hear that the call is recorded (1400 Hz, 0.4 s), at least 2000 ms; 0: never. Whether the law wants it is for you to know.',
      0,
      120_000,
      15_000,
    ),
  },
  {
    ...strict,
    default: {},
    description: 'Recordings of calls: the consumer left, the phone right.',
    reload: 'live',
  },
);

/** Of a route and of an outbound rule. */
export const callAudio = {
  announcement: Type.Optional(
    text(
      'One of sounds.files: both hear it when they are connected, the consumer in place of the phone; it is not in the recording.',
    ),
  ),
  recording: choice(
    ['off', 'on-demand', 'always'] as const,
    '`on-demand`: by POST /calls/ID/recording; `always`: from the moment both are connected, may be paused.',
    { default: 'off' },
  ),
};
