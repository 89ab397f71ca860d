import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createOpusLibrary } from '../../../src/media/codec/index.ts';
import { RecordDesk, readWav } from '../../../src/media/index.ts';
import { DiskQueue } from '../../../src/media/record/disk-queue.ts';
import { FileSink } from '../../../src/media/record/file-sink.ts';
import { fileStem } from '../../../src/media/record/record-desk.ts';
import { systemClock } from '../../../src/shared/clock.ts';

const opus = await createOpusLibrary('wasm');
const folder = mkdtempSync(join(tmpdir(), 'recordings-'));
const mounted = join(folder, 'full');
mkdirSync(mounted);
/** A disk of 256 kB; only root may make one. */
const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'recordings', mounted], {
  encoding: 'utf8',
});
const hasSmallDisk = mount.status === 0;
if (!hasSmallDisk)
  process.stderr.write(`SKIPPED: no small disk could be mounted: ${mount.stderr || mount.error}\n`);
afterAll(() => {
  if (hasSmallDisk) spawnSync('umount', ['--lazy', mounted]);
  rmSync(folder, { recursive: true });
});

const deskIn = (directory: string, patienceMs = 2_000): RecordDesk =>
  new RecordDesk({
    clock: systemClock,
    opus,
    directory,
    format: 'wav',
    bitrate: 24_000,
    complexity: 1,
    patienceMs,
  });

it('writes a file of that name, for its owner only, and .part until then', async () => {
  const directory = mkdtempSync(join(folder, 'a-'));
  const troubles: unknown[] = [];
  const desk = deskIn(directory);
  const recording = desk.start('c_1', (error) => troubles.push(error));
  const pcm = new Int16Array(160).fill(1_000);
  recording.consumer.write(pcm, 160, 8_000, systemClock.monotonic());
  while (readdirSync(directory).length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(readdirSync(directory)).toEqual([expect.stringMatching(/-c_1\.wav\.part$/)]);
  recording.phone.write(pcm, 160, 8_000, systemClock.monotonic());
  const { file, complete } = await desk.finish(recording);
  expect(troubles).toEqual([]);
  expect(complete).toBe(true);
  expect(readdirSync(directory)).toEqual([file]);
  expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600);
  const { channels, sampleRate } = readWav(readFileSync(join(directory, file)));
  expect({ channels, sampleRate }).toEqual({ channels: 2, sampleRate: 8_000 });
});

it('is called after the call where that is safe, and after its hash where it is not', () => {
  const at = Date.UTC(2026, 10, 21, 11, 4, 8, 123);
  expect(fileStem('c_AbC-1', at)).toBe('20261121T110408.123Z-c_AbC-1');
  for (const id of ['../../etc/passwd', 'wacid.HBgLMjU0NzExMDAwMDAyFQIAERgS', 'a/b', '', 'x'.repeat(65), 'ä'])
    expect(fileStem(id, at)).toMatch(/^20261121T110408\.123Z-[0-9a-f]{24}$/);
});

it('does not write over a recording that is there, and says so with a remedy', async () => {
  const path = join(folder, 'there.wav');
  writeFileSync(`${path}.part`, 'of a process that died');
  await expect(FileSink.open(path, new DiskQueue(systemClock))).rejects.toMatchObject({
    code: 'MEDIA_RECORD_OPEN',
    remedy: expect.stringContaining('recording.directory'),
  });
  expect(readFileSync(`${path}.part`, 'utf8')).toBe('of a process that died');
});

it('leaves a file as .part once it was told that it is, and lets go of it', async () => {
  const path = join(folder, 'late.wav');
  const sink = await FileSink.open(path, new DiskQueue(systemClock));
  await sink.write(Buffer.from('what there is'), 0, 13, 0);
  const complete = sink.complete();
  await sink.abandon();
  await complete;
  expect(readFileSync(`${path}.part`, 'utf8')).toBe('what there is');
  expect(() => readFileSync(path)).toThrow('ENOENT');
});

it('tells of a folder that is not there', async () => {
  const troubles: unknown[] = [];
  const desk = deskIn(join(folder, 'nowhere'));
  const recording = desk.start('c_1', (error) => troubles.push(error));
  expect(await desk.finish(recording)).toMatchObject({ complete: false });
  expect(troubles).toEqual([expect.objectContaining({ code: 'MEDIA_RECORD_OPEN' })]);
});

it.runIf(hasSmallDisk)('keeps what a full disk took, and nobody waits for the rest', async () => {
  const troubles: string[] = [];
  const desk = deskIn(mounted, 1_500);
  const recording = desk.start('c_full', (error) => troubles.push(String(error)));
  // Half a minute of wideband stereo is 2 MB; its clock is ours, so that it is said in a moment.
  const pcm = new Int16Array(320).fill(1_000);
  let now = systemClock.monotonic();
  let longest = 0;
  for (let i = 0; i < 1_500; i++) {
    now += 20;
    const began = performance.now();
    recording.consumer.write(pcm, 320, 16_000, now);
    recording.phone.write(pcm, 320, 16_000, now);
    recording.pump(now);
    longest = Math.max(longest, performance.now() - began);
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const summary = await desk.finish(recording);
  expect(summary.complete).toBe(false);
  expect(summary.gapMs).toBeGreaterThan(0);
  expect(troubles.length).toBeGreaterThan(0);
  expect(troubles.every((each) => each.includes('ENOSPC'))).toBe(true);
  const heard = (): Int16Array => readWav(readFileSync(join(mounted, summary.file))).pcm;
  // Its header is put right behind everybody's back.
  while (heard().length < 100_000) await new Promise((resolve) => setTimeout(resolve, 5));
  const left = heard();
  expect(left[left.length >> 1]).toBe(1_000);
});
