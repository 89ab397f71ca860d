/** What a receiver of Opus wants, and what it will send (RFC 7587 section 6.1); what it does not say is absent. */
export interface OpusReceiver {
  /** Hz: more than this it does not play; absent: 48000. */
  readonly maxPlaybackRate?: number;
  /** bit/s, for a mono stream of ours; absent: as we like. */
  readonly maxAverageBitrate?: number;
  readonly useInbandFec: boolean;
  readonly useDtx: boolean;
  /** Constant bit rate: variable sizes could tell an eavesdropper what is said. */
  readonly cbr: boolean;
  /** It would like stereo; a phone call is mono all the same, as every receiver must take. */
  readonly stereo: boolean;
  /** It may send stereo. */
  readonly spropStereo: boolean;
  /** Hz: it will not send more than this; absent: 48000. */
  readonly spropMaxCaptureRate?: number;
}

/** Reads the parameters of an `a=fmtp` of Opus; what is out of range counts as absent. */
export function parseOpusFmtp(fmtp: string | undefined): OpusReceiver {
  const values = new Map<string, string>();
  for (const part of (fmtp ?? '').split(';')) {
    const [name = '', value = ''] = part.split('=', 2);
    values.set(name.trim().toLowerCase(), value.trim());
  }
  return opusReceiver((name) => values.get(name));
}

/** @param value of a parameter by its lower-case name */
export function opusReceiver(value: (name: string) => string | undefined): OpusReceiver {
  const bitrate = Number(value('maxaveragebitrate'));
  const is = (name: string): boolean => value(name) === '1';
  const playback = rate(value('maxplaybackrate'));
  const capture = rate(value('sprop-maxcapturerate'));
  return {
    ...(playback === undefined ? {} : { maxPlaybackRate: playback }),
    ...(bitrate >= 6_000 && bitrate <= 510_000 ? { maxAverageBitrate: bitrate } : {}),
    useInbandFec: is('useinbandfec'),
    useDtx: is('usedtx'),
    cbr: is('cbr'),
    stereo: is('stereo'),
    spropStereo: is('sprop-stereo'),
    ...(capture === undefined ? {} : { spropMaxCaptureRate: capture }),
  };
}

function rate(text: string | undefined): number | undefined {
  const hz = Number(text);
  return hz >= 8_000 && hz <= 48_000 ? hz : undefined;
}
