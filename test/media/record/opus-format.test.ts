import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { oggCrc } from '../../../src/media/record/ogg.ts';
import { OpusFormat } from '../../../src/media/record/opus-format.ts';
import { dominantFrequency, levelDbfs, Tone } from '../../../src/media/tone/index.ts';
import { opusLibraries } from '../codec/libraries.ts';
import { readOggOpus } from './ogg-reader.ts';

const libraries = await opusLibraries();
const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
if (!hasFfmpeg)
  process.stderr.write('SKIPPED: ffmpeg is not here to read our Ogg Opus (apt-get install ffmpeg)\n');

/** A file of `left` and `right`, whole frames of 20 ms. */
function fileOf(
  library: (typeof libraries)[number][1],
  rate: number,
  left: Int16Array,
  right: Int16Array,
): Buffer {
  const parts: Buffer[] = [];
  const frame = rate / 50;
  const format = new OpusFormat(
    library,
    { rate, bitrate: 24_000, complexity: 5, serial: 0xdead_beef },
    frame,
    (bytes, length) => parts.push(Buffer.from(bytes.subarray(0, length))),
  );
  format.begin();
  for (let at = 0; at < left.length; at += frame)
    format.frame(left.subarray(at, at + frame), right.subarray(at, at + frame));
  format.end();
  format.close();
  return Buffer.concat(parts);
}

function tone(hz: number, rate: number, seconds: number): Int16Array {
  const pcm = new Int16Array(rate * seconds);
  new Tone(hz, rate).fill(pcm, pcm.length);
  return pcm;
}

it('has the CRC of RFC 3533', () => {
  // The polynomial itself: one bit shifted through.
  expect(oggCrc(Uint8Array.of(1), 1)).toBe(0x04c1_1db7);
  // As computed by libogg for "123456789" (CRC-32/MPEG-2 without its initial value).
  expect(oggCrc(Buffer.from('123456789'), 9)).toBe(0x89a1_897f);
});

describe.each(libraries)('%s', (_name, library) => {
  it.each([8_000, 16_000, 48_000])('is what RFC 7845 says, at %i Hz', (rate) => {
    const file = fileOf(library, rate, tone(440, rate, 3), tone(620, rate, 3));
    const { pages, preSkip, inputRate, left, right } = readOggOpus(file, library);
    expect(preSkip).toBe(312);
    expect(inputRate).toBe(rate);
    expect(pages.map(({ sequence }) => sequence)).toEqual(pages.map((_, i) => i));
    expect(new Set(pages.map(({ serial }) => serial))).toEqual(new Set([0xdead_beef]));
    expect(pages.map(({ first }) => first)).toEqual(pages.map((_, i) => i === 0));
    expect(pages.map(({ last }) => last)).toEqual(pages.map((_, i) => i === pages.length - 1));
    // The headers have a page each, of granule 0; then each page says what is complete with it.
    expect(pages.slice(0, 2).map(({ granule, packets }) => [granule, packets.length])).toEqual([
      [0, 1],
      [0, 1],
    ]);
    let packets = 0;
    for (const page of pages.slice(2, -1)) {
      packets += page.packets.length;
      expect(page.granule).toBe(packets * 960);
    }
    expect(pages.at(-1)?.granule).toBe(312 + 3 * 48_000);
    expect(left.length).toBe(3 * 48_000);
    expect(Math.abs(dominantFrequency(left, 48_000) / 440 - 1)).toBeLessThan(0.005);
    expect(Math.abs(dominantFrequency(right, 48_000) / 620 - 1)).toBeLessThan(0.005);
  });

  it.each([8_000, 16_000, 48_000])('does not shift time at %i Hz', (rate) => {
    const left = tone(1_000, rate, 2);
    // Silent but from 1 s to 1.1 s.
    left.fill(0, 0, rate);
    left.fill(0, 1.1 * rate);
    const { left: heard } = readOggOpus(fileOf(library, rate, left, new Int16Array(left.length)), library);
    const begins = heard.findIndex((sample) => Math.abs(sample) > 3_000);
    expect(Math.abs(begins / 48 - 1_000)).toBeLessThan(2.5);
  });

  it('keeps one side out of the other', () => {
    const { right } = readOggOpus(
      fileOf(library, 16_000, tone(440, 16_000, 2), new Int16Array(32_000)),
      library,
    );
    expect(levelDbfs(right)).toBeLessThan(-80);
  });

  it.runIf(hasFfmpeg)('is read by FFmpeg without a word, both sides', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ogg-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'a.opus');
    writeFileSync(path, fileOf(library, 16_000, tone(440, 16_000, 3), tone(620, 16_000, 3)));
    const played = spawnSync(
      'ffmpeg',
      ['-v', 'warning', '-xerror', '-i', path, '-f', 's16le', '-ar', '48000', '-ac', '2', '-'],
      { maxBuffer: 2 ** 26 },
    );
    expect(played.stderr.toString()).toBe('');
    const both = new Int16Array(new Uint8Array(played.stdout).buffer);
    expect(both.length).toBe(2 * 3 * 48_000);
    const side = (offset: number): Int16Array =>
      Int16Array.from({ length: both.length / 2 }, (_, i) => both[2 * i + offset] as number);
    expect(Math.abs(dominantFrequency(side(0), 48_000) / 440 - 1)).toBeLessThan(0.005);
    expect(Math.abs(dominantFrequency(side(1), 48_000) / 620 - 1)).toBeLessThan(0.005);
  });
});
