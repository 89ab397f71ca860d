import { GatewayError } from '../../shared/error.ts';
import { ALAW_DECODE, MULAW_DECODE } from '../codec/g711.ts';

export interface Wav {
  /** Hz */
  readonly sampleRate: number;
  readonly channels: number;
  /** Interleaved when there is more than one channel. */
  readonly pcm: Int16Array;
}

/** A WAV file of 16-bit PCM. */
export function wavBytes({ sampleRate, channels, pcm }: Wav): Uint8Array {
  const bytes = Buffer.alloc(44 + pcm.length * 2);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(36 + pcm.length * 2, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(channels, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(sampleRate * channels * 2, 28);
  bytes.writeUInt16LE(channels * 2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(pcm.length * 2, 40);
  for (let i = 0; i < pcm.length; i++) bytes.writeInt16LE(pcm[i] as number, 44 + i * 2);
  return bytes;
}

/** WAVE format codes (RFC 2361). */
const PCM = 1;
const ALAW = 6;
const MULAW = 7;
const EXTENSIBLE = 0xfffe;
const MAX_CHANNELS = 8;

interface Format {
  readonly code: number;
  readonly bits: number;
  readonly channels: number;
  readonly sampleRate: number;
}

/**
 * Reads PCM of 8, 16, 24 or 32 bits, and G.711, as 16-bit samples; a length field that is 0 or too large (a writer
 * that died) means: until the end. Throws MEDIA_WAV.
 */
export function readWav(file: Uint8Array): Wav {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const tag = (at: number): string => bytes.toString('latin1', at, at + 4);
  if (bytes.length < 12 || tag(0) !== 'RIFF' || tag(8) !== 'WAVE') {
    throw new GatewayError('MEDIA_WAV', 'The file does not begin with RIFF and WAVE.');
  }
  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4);
    const body = at + 8;
    if (tag(at) === 'fmt ' && body + 16 <= bytes.length) format = formatAt(bytes, body, length);
    if (tag(at) === 'data' && format) {
      const end = length === 0 || body + length > bytes.length ? bytes.length : body + length;
      return {
        sampleRate: format.sampleRate,
        channels: format.channels,
        pcm: samplesOf(bytes.subarray(body, end), format),
      };
    }
    at = body + length + (length & 1);
  }
  throw new GatewayError('MEDIA_WAV', 'The file has no fmt chunk followed by a data chunk.');
}

function formatAt(bytes: Buffer, body: number, length: number): Format {
  const declared = bytes.readUInt16LE(body);
  // Of the extensible form the real code is the beginning of the sub-format's GUID.
  const isExtended = declared === EXTENSIBLE && length >= 40 && body + 40 <= bytes.length;
  const code = isExtended ? bytes.readUInt16LE(body + 24) : declared === EXTENSIBLE ? PCM : declared;
  const bits = bytes.readUInt16LE(body + 14);
  const channels = bytes.readUInt16LE(body + 2);
  const sampleRate = bytes.readUInt32LE(body + 4);
  const isKnown =
    (code === PCM && [8, 16, 24, 32].includes(bits)) || ((code === ALAW || code === MULAW) && bits === 8);
  if (!isKnown)
    throw new GatewayError('MEDIA_WAV', `The format is ${code} with ${bits} bits, neither PCM nor G.711.`);
  if (channels < 1 || channels > MAX_CHANNELS)
    throw new GatewayError('MEDIA_WAV', `The file has ${channels} channels.`);
  return { code, bits, channels, sampleRate };
}

function samplesOf(data: Buffer, { code, bits }: Format): Int16Array {
  const step = bits / 8;
  const pcm = new Int16Array(Math.floor(data.length / step));
  const law = code === ALAW ? ALAW_DECODE : MULAW_DECODE;
  for (let i = 0, at = 0; i < pcm.length; i++, at += step) {
    if (code !== PCM) pcm[i] = law[data[at] as number] as number;
    // 8 bits are unsigned, the others are not; the lowest bytes are left out.
    else if (bits === 8) pcm[i] = ((data[at] as number) - 128) << 8;
    else pcm[i] = data.readInt16LE(at + step - 2);
  }
  return pcm;
}
