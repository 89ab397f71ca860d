import { GatewayError } from '../../shared/error.ts';

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

/** Reads 16-bit PCM; a length field that is 0 or too large (a writer that died) means: until the end. Throws MEDIA_WAV. */
export function readWav(file: Uint8Array): Wav {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const tag = (at: number): string => bytes.toString('latin1', at, at + 4);
  if (bytes.length < 12 || tag(0) !== 'RIFF' || tag(8) !== 'WAVE') {
    throw new GatewayError('MEDIA_WAV', 'The file does not begin with RIFF and WAVE.');
  }
  let format: { channels: number; sampleRate: number } | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4);
    const body = at + 8;
    if (tag(at) === 'fmt ' && body + 16 <= bytes.length) {
      const code = bytes.readUInt16LE(body);
      const bits = bytes.readUInt16LE(body + 14);
      if ((code !== 1 && code !== 0xfffe) || bits !== 16) {
        throw new GatewayError('MEDIA_WAV', `The format is ${code} with ${bits} bits, not 16-bit PCM.`);
      }
      format = { channels: bytes.readUInt16LE(body + 2), sampleRate: bytes.readUInt32LE(body + 4) };
    }
    if (tag(at) === 'data' && format) {
      const end = length === 0 || body + length > bytes.length ? bytes.length : body + length;
      const pcm = new Int16Array((end - body) >> 1);
      for (let i = 0; i < pcm.length; i++) pcm[i] = bytes.readInt16LE(body + i * 2);
      return { ...format, pcm };
    }
    at = body + length + (length & 1);
  }
  throw new GatewayError('MEDIA_WAV', 'The file has no fmt chunk followed by a data chunk.');
}
