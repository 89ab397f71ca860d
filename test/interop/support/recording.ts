import { readFileSync, statSync, watch } from 'node:fs';
import { dominantFrequency, readWav, Tone, type Wav, wavBytes } from '../../../src/media/index.ts';

/** A WAV file of one tone: 16 bit, mono. */
export function toneFile(hz: number, sampleRate: number, seconds: number): Uint8Array {
  const pcm = new Int16Array(sampleRate * seconds);
  new Tone(hz, sampleRate).fill(pcm, pcm.length);
  return wavBytes({ sampleRate, channels: 1, pcm });
}

/** Resolves when `path` names a file of at least so many bytes; told by the file system, not by a timer. */
export function grown(path: () => string | undefined, folder: string, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const file = path();
      if (file === undefined || statSync(file).size < bytes) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(folder, look);
    watcher.once('error', reject);
    look();
  });
}

/** The strongest frequency, in Hz, in the middle half of the first channel. */
export function heardHz({ pcm, sampleRate, channels }: Wav): number {
  const mono = Int16Array.from(
    { length: Math.floor(pcm.length / channels) },
    (_, i) => pcm[i * channels] as number,
  );
  return dominantFrequency(mono.subarray(mono.length >> 2, (mono.length * 3) >> 2), sampleRate);
}

/** Whether that was a tone of so many Hz, for the most part. */
export const isTone = (wav: Wav, hz: number): boolean => Math.abs(heardHz(wav) / hz - 1) < 0.02;

export const readRecording = (path: string): Wav => readWav(readFileSync(path));
