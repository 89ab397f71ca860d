import { mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { RecordingKeeper, type RecordingKeeperOptions } from '../../src/gateway/recording-keeper.ts';
import { wavBytes } from '../../src/media/index.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const DAY_MS = 86_400_000;

function folderWith(files: readonly string[], bytes = 1_000): string {
  const folder = mkdtempSync(join(tmpdir(), 'keeper-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of files) {
    const wav = wavBytes({ sampleRate: 8_000, channels: 2, pcm: new Int16Array((bytes - 44) / 2) });
    writeFileSync(join(folder, name), wav);
    utimesSync(join(folder, name), 1_700_000_000, 1_700_000_000);
  }
  return folder;
}

async function keeperOf(directory: string, more: Partial<RecordingKeeperOptions> = {}) {
  const clock = new FakeClock(NOW);
  const recovered: object[] = [];
  const keeper = await RecordingKeeper.open({
    directory,
    keepDays: 0,
    maxBytes: 0,
    clock,
    log: silentLog,
    onRecovered: (recording) => recovered.push(recording),
    ...more,
  });
  onTestFinished(() => keeper.close());
  return { keeper, clock, recovered };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

it('finishes what a gateway that died left, and says of which call it is', async () => {
  const hashed = '20261121T110000.000Z-0123456789abcdef01234567.wav.part';
  const folder = folderWith([
    '20261121T110000.000Z-c_1.wav.part',
    '20261121T110500.000Z-c_1.wav.part',
    hashed,
    'notes.txt',
  ]);
  const { keeper, recovered } = await keeperOf(folder);
  expect(await keeper.of(['c_1'])).toEqual([
    { file: '20261121T110000.000Z-c_1.wav', complete: true, durationMs: 30, recovered: true },
    { file: '20261121T110500.000Z-c_1.wav', complete: true, durationMs: 30, recovered: true },
  ]);
  expect(await keeper.of(['c_2', 'out-1'])).toEqual([]);
  await until(() => recovered.length === 3);
  expect(keeper.recovered).toBe(3);
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
});

it('leaves alone what somebody still writes, and one that makes no sense', async () => {
  const folder = folderWith(['20261121T110000.000Z-c_1.wav.part', '20261121T110000.000Z-c_2.wav.part']);
  const [busy, odd] = readdirSync(folder).map((name) => join(folder, name)) as [string, string];
  utimesSync(busy, NOW / 1_000, NOW / 1_000);
  truncateSync(odd, 20);
  const { keeper, clock } = await keeperOf(folder);
  const of = Promise.all([keeper.of(['c_1']), keeper.of(['c_2'])]);
  await until(() => clock.armed > 1);
  writeFileSync(busy, 'more', { flag: 'a' });
  clock.advance(2_500);
  expect(await of).toEqual([
    [{ file: '20261121T110000.000Z-c_1.wav.part', complete: false }],
    [{ file: '20261121T110000.000Z-c_2.wav.part', complete: false }],
  ]);
});

it('deletes the oldest when they are too many bytes, never one that is written, and nothing else', async () => {
  const names = [1, 2, 3, 4].map((day) => `2026110${day}T110000.000Z-c_${day}.wav`);
  const folder = folderWith([...names, 'somebody-elses.wav']);
  const { keeper, clock } = await keeperOf(folder, { maxBytes: 3_500 });
  await until(() => keeper.deleted === 1);
  // The one that is being written counts, and stays.
  writeFileSync(join(folder, '20261101T090000.000Z-c_0.wav.part'), Buffer.alloc(1_000));
  keeper.added();
  clock.advance(1_000);
  await until(() => keeper.deleted === 2);
  expect(readdirSync(folder).sort()).toEqual([
    '20261101T090000.000Z-c_0.wav.part',
    names[2],
    names[3],
    'somebody-elses.wav',
  ]);
  expect(keeper.bytes).toBe(3_000);
});

it('deletes after so many days, but not because a clock jumps', async () => {
  const folder = folderWith(['20261022T110000.000Z-old.wav', '20261023T110000.000Z-new.wav']);
  const { keeper, clock } = await keeperOf(folder, { keepDays: 30 });
  await until(() => keeper.deleted === 1);
  clock.jump(365 * DAY_MS);
  clock.advance(3_600_000 - 1);
  clock.jump(-365 * DAY_MS);
  clock.advance(1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(readdirSync(folder)).toEqual(['20261023T110000.000Z-new.wav']);
  for (let hour = 0; hour < 48; hour++) {
    clock.advance(3_600_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => keeper.deleted === 2);
});

it('what a media worker that died left of its calls is finished, however new it is; that of others is not', async () => {
  const folder = folderWith([]);
  const { keeper, recovered } = await keeperOf(folder);
  const wav = wavBytes({ sampleRate: 8_000, channels: 2, pcm: new Int16Array(478) });
  for (const id of ['c_1', 'c_2']) {
    const part = join(folder, `20261121T115959.000Z-${id}.wav.part`);
    writeFileSync(part, wav);
    utimesSync(part, NOW / 1_000, NOW / 1_000);
  }
  keeper.orphaned(['c_1', 'c_3']);
  await until(() => recovered.length === 1);
  await keeper.close();
  expect(readdirSync(folder).sort()).toEqual([
    '20261121T115959.000Z-c_1.wav',
    '20261121T115959.000Z-c_2.wav.part',
  ]);
});

it('rules that a reload changes are followed soon', async () => {
  const folder = folderWith(['20261101T110000.000Z-c_1.wav', '20261121T110000.000Z-c_2.wav']);
  const clock = new FakeClock(NOW);
  let keepDays = 0;
  const keeper = await RecordingKeeper.open({
    directory: folder,
    get keepDays() {
      return keepDays;
    },
    ...{ maxBytes: 0, clock, log: silentLog, onRecovered: () => {} },
  });
  onTestFinished(() => keeper.close());
  await until(() => keeper.bytes > 0);
  expect(readdirSync(folder)).toHaveLength(2);
  keepDays = 10;
  keeper.changed();
  clock.advance(1_000);
  await until(() => keeper.deleted === 1);
  expect(readdirSync(folder)).toEqual(['20261121T110000.000Z-c_2.wav']);
});
