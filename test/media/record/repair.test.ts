import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createOpusLibrary } from '../../../src/media/codec/index.ts';
import { readWav } from '../../../src/media/index.ts';
import { OpusFormat } from '../../../src/media/record/opus-format.ts';
import { finishRecording } from '../../../src/media/record/repair.ts';
import { WavFormat } from '../../../src/media/record/wav-format.ts';
import { dominantFrequency, Tone } from '../../../src/media/tone/index.ts';
import { readOggOpus } from './ogg-reader.ts';

const opus = await createOpusLibrary('wasm');
const folder = mkdtempSync(join(tmpdir(), 'repair-'));
afterAll(() => rmSync(folder, { recursive: true }));
const RATE = 16_000;
const SECONDS = 5;

function tone(hz: number): Int16Array {
  const pcm = new Int16Array(RATE * SECONDS);
  new Tone(hz, RATE).fill(pcm, pcm.length);
  return pcm;
}

/** What a recorder that dies has written: no last page, no lengths. */
function unfinished(kind: 'wav' | 'opus'): Buffer {
  const parts: Buffer[] = [];
  const append = (bytes: Uint8Array, length: number): void =>
    void parts.push(Buffer.from(bytes.subarray(0, length)));
  const frame = RATE / 50;
  const format =
    kind === 'wav'
      ? new WavFormat(RATE, frame, append)
      : new OpusFormat(opus, { rate: RATE, bitrate: 24_000, complexity: 1, serial: 7 }, frame, append);
  const [left, right] = [tone(440), tone(620)];
  format.begin();
  for (let at = 0; at < left.length; at += frame)
    format.frame(left.subarray(at, at + frame), right.subarray(at, at + frame));
  format.close();
  return Buffer.concat(parts);
}

let count = 0;
function partOf(bytes: Buffer, kind: 'wav' | 'opus'): string {
  const path = join(folder, `20261121T110408.123Z-c_${count++}.${kind}.part`);
  writeFileSync(path, bytes, { mode: 0o600 });
  return path;
}

it.each([1, 0.99, 0.73, 0.5])(
  'a WAV cut off after %d of it has its lengths, and both sides in it',
  async (share) => {
    const bytes = unfinished('wav');
    const part = partOf(bytes.subarray(0, Math.floor(bytes.length * share)), 'wav');
    const finished = await finishRecording(part);
    const path = part.slice(0, -5);
    expect(finished?.path).toBe(path);
    const { channels, sampleRate, pcm } = readWav(readFileSync(path));
    expect({ channels, sampleRate }).toEqual({ channels: 2, sampleRate: RATE });
    expect(Math.abs((finished?.durationMs ?? 0) - share * SECONDS * 1_000)).toBeLessThan(2);
    expect(pcm.length).toBe(Math.floor((Math.floor(bytes.length * share) - 44) / 4) * 2);
    const header = readFileSync(path);
    expect([header.readUInt32LE(4), header.readUInt32LE(40)]).toEqual([
      header.length - 8,
      header.length - 44,
    ]);
    const left = pcm.filter((_, i) => i % 2 === 0);
    expect(Math.abs(dominantFrequency(left, RATE) / 440 - 1)).toBeLessThan(0.005);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).not.toContain(part.split('/').at(-1));
  },
);

it.each([1, 0.99, 0.73, 0.5])(
  'an Ogg stream cut off after %d of it ends with its last whole page',
  async (share) => {
    const bytes = unfinished('opus');
    const part = partOf(bytes.subarray(0, Math.floor(bytes.length * share)), 'opus');
    const finished = await finishRecording(part);
    const { pages, left, right } = readOggOpus(readFileSync(part.slice(0, -5)), opus);
    expect(pages.map(({ last }) => last)).toEqual(pages.map((_, i) => i === pages.length - 1));
    expect(Math.abs(left.length / 48 - (finished?.durationMs ?? 0))).toBeLessThan(1);
    // A page is a second, and the one that is being filled is not in the file.
    expect(left.length / 48_000).toBeGreaterThan(share * (SECONDS - 1) - 1.1);
    expect(Math.abs(dominantFrequency(left, 48_000) / 440 - 1)).toBeLessThan(0.005);
    expect(Math.abs(dominantFrequency(right, 48_000) / 620 - 1)).toBeLessThan(0.005);
  },
);

it('a page that a power failure left without what was in it is left out', async () => {
  const bytes = unfinished('opus');
  bytes.fill(0, bytes.length - 50);
  const part = partOf(bytes, 'opus');
  await finishRecording(part);
  const { pages, left } = readOggOpus(readFileSync(part.slice(0, -5)), opus);
  expect(pages.at(-1)?.last).toBe(true);
  expect(left.length / 48_000).toBeGreaterThan(SECONDS - 2.1);
});

it('one without a byte goes; what makes no sense, or whose name is taken, stays', async () => {
  const empty = partOf(Buffer.alloc(0), 'wav');
  expect(await finishRecording(empty)).toBeUndefined();
  expect(() => statSync(empty)).toThrow('ENOENT');
  const odd = partOf(Buffer.from('something else altogether, and long enough to be looked at'), 'wav');
  await expect(finishRecording(odd)).rejects.toThrow('no WAV');
  const none = partOf(Buffer.from('something else altogether, and long enough to be looked at'), 'opus');
  await expect(finishRecording(none)).rejects.toThrow('no whole page');
  const taken = partOf(unfinished('wav'), 'wav');
  writeFileSync(taken.slice(0, -5), 'a recording');
  await expect(finishRecording(taken)).rejects.toThrow('there already');
  expect(readFileSync(taken.slice(0, -5), 'utf8')).toBe('a recording');
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toHaveLength(3);
});
