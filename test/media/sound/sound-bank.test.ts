import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FileSource } from '../../../src/media/sound/file-source.ts';
import { loadSounds, SoundBank, type SoundData } from '../../../src/media/sound/sound-bank.ts';
import { dominantFrequency, levelDbfs, Tone, wavBytes } from '../../../src/media/tone/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sounds-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function toneFile(name: string, hz: number, sampleRate: number, seconds: number, channels = 1): string {
  const mono = new Int16Array(sampleRate * seconds);
  new Tone(hz, sampleRate, 0.3).fill(mono, mono.length);
  const pcm =
    channels === 1
      ? mono
      : Int16Array.from({ length: 2 * mono.length }, (_, i) => (i % 2 ? 0 : (mono[i >> 1] as number)));
  return file(name, wavBytes({ sampleRate, channels, pcm }));
}

function play(
  data: readonly SoundData[],
  name: string,
  rate: number,
  seconds: number,
  loop = false,
): Int16Array {
  const sound = new SoundBank(data).get(name);
  if (!sound) throw new Error('no such sound');
  const source = new FileSource(sound, { gainDb: 0, loop });
  const pcm = new Int16Array(rate * seconds);
  const frame = new Int16Array(rate / 50);
  for (let at = 0; at < pcm.length; at += frame.length) {
    const made = source.read(frame, frame.length, rate);
    pcm.set(frame.subarray(0, made), at);
    if (made < frame.length) return pcm.subarray(0, at + made);
  }
  return pcm;
}

it.each([
  [8_000, 1],
  [44_100, 2],
  [48_000, 1],
])('plays a file of %i Hz and %i channels at every rate, to its end', (rate, channels) => {
  const data = loadSounds({ a: toneFile('a.wav', 500, rate, 1, channels) }, [8_000, 16_000, 48_000]);
  for (const out of [8_000, 16_000, 48_000]) {
    const pcm = play(data, 'a', out, 2);
    expect(Math.abs(pcm.length - out)).toBeLessThanOrEqual(1);
    expect(Math.abs(dominantFrequency(pcm, out) / 500 - 1)).toBeLessThan(0.01);
    // One of two channels has it: half the level.
    expect(levelDbfs(pcm)).toBeCloseTo(20 * Math.log10(0.3 / channels) - 3, 0);
  }
});

it('begins again where it is a loop, and stops by a fade when told', () => {
  const [data] = [loadSounds({ a: toneFile('loop.wav', 500, 8_000, 1) }, [8_000])];
  expect(levelDbfs(play(data, 'a', 8_000, 3, true).subarray(17_000))).toBeGreaterThan(-15);
  const sound = new SoundBank(data).get('a');
  if (!sound) throw new Error('no such sound');
  const source = new FileSource(sound, { gainDb: 0, loop: true });
  const frame = new Int16Array(4_000);
  source.read(frame, 160, 8_000);
  source.end();
  const rest = source.read(frame, 4_000, 8_000);
  expect(rest).toBe(240);
  expect(Math.abs(frame[239] as number)).toBeLessThan(200);
});

it('fades in, follows its gain and never wraps around', () => {
  const loud = new Int16Array(8_000).fill(30_000);
  const data = loadSounds(
    { a: file('loud.wav', wavBytes({ sampleRate: 8_000, channels: 1, pcm: loud })) },
    [8_000],
  );
  const sound = new SoundBank(data).get('a');
  if (!sound) throw new Error('no such sound');
  const out = new Int16Array(1_000);
  new FileSource(sound, { gainDb: -6, loop: false }).read(out, 1_000, 8_000);
  expect(Math.abs(out[0] as number)).toBeLessThan(200);
  expect(out[500]).toBe(Math.round(30_000 * 10 ** (-6 / 20)));
  new FileSource(sound, { gainDb: 6, loop: false }).read(out, 1_000, 8_000);
  expect(out[500]).toBe(32_767);
});

it('shares the samples, and keeps them when the file changes', () => {
  const path = toneFile('same.wav', 500, 8_000, 1);
  const data = loadSounds({ a: path }, [8_000]);
  expect(data[0]?.pcm[8_000]?.buffer).toBeInstanceOf(SharedArrayBuffer);
  writeFileSync(path, 'no sound any more');
  expect(dominantFrequency(play(data, 'a', 8_000, 1), 8_000)).toBeCloseTo(500, -1);
});

const short = { sampleRate: 8_000, channels: 1, pcm: new Int16Array(800) };
it.each<[string, () => string, string]>([
  ['is not there', () => join(folder, 'none.wav'), 'ENOENT'],
  ['is a folder', () => folder, 'no file'],
  ['never ends', () => '/dev/zero', 'no file'],
  ['is no WAV file', () => file('x.wav', Buffer.from('ID3 something else')), 'RIFF'],
  ['has nothing in it', () => file('e.wav', wavBytes({ ...short, pcm: new Int16Array(0) })), 'no sound'],
  ['has 96 kHz', () => file('96.wav', wavBytes({ ...short, sampleRate: 96_000 })), '96000 Hz'],
  ['has no rate', () => file('0.wav', wavBytes({ ...short, sampleRate: 0 })), '0 Hz'],
  ['has six channels', () => file('6.wav', wavBytes({ ...short, channels: 6 })), '6 channels'],
  ['is too long', () => file('l.wav', wavBytes({ ...short, pcm: new Int16Array(8_000 * 601) })), '600 s'],
  [
    'is too large to be read',
    () => {
      const path = file('huge.wav', wavBytes(short));
      truncateSync(path, 2 ** 28);
      return path;
    },
    'more than',
  ],
])('refuses a file that %s, by name and with a remedy', (_what, make, words) => {
  const path = make();
  expect(() => loadSounds({ music: path }, [8_000])).toThrow(
    expect.objectContaining({
      code: 'MEDIA_SOUND',
      message: expect.stringMatching(new RegExp(`^sounds.files.music: .*${words}`)),
      remedy: expect.stringContaining('ffmpeg'),
      detail: { name: 'music', path },
    }),
  );
});

it('refuses more than fits into the memory set aside', () => {
  const long = file('long.wav', wavBytes({ ...short, pcm: new Int16Array(8_000 * 599) }));
  const files = { a: long, b: long, c: long };
  expect(() => loadSounds(files, [8_000, 48_000])).toThrow(expect.objectContaining({ code: 'MEDIA_SOUND' }));
}, 60_000);
