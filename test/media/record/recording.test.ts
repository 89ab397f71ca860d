import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOpusLibrary } from '../../../src/media/codec/index.ts';
import {
  dominantFrequency,
  levelDbfs,
  type PcmTap,
  RecordDesk,
  type RecordDeskOptions,
  type Recording,
  type RecordingSummary,
  readWav,
  Tone,
} from '../../../src/media/index.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import { Disk, noSpace } from './disk.ts';
import { readOggOpus } from './ogg-reader.ts';

const opus = await createOpusLibrary('wasm');
const LEFT_HZ = 440;
const RIGHT_HZ = 620;

/** A call of two tones on a fake clock, recorded on a disk of ours. */
class Rig {
  readonly clock = new FakeClock();
  readonly disk = new Disk();
  readonly troubles: string[] = [];
  readonly desk: RecordDesk;
  readonly recording: Recording;
  readonly rate: number;
  readonly #left: Tone;
  readonly #right: Tone;
  readonly #block: Int16Array;

  constructor(format: 'wav' | 'opus', rate = 8_000, options: Partial<RecordDeskOptions> = {}) {
    this.rate = rate;
    this.desk = new RecordDesk({
      clock: this.clock,
      opus,
      directory: '/nowhere',
      format,
      bitrate: 24_000,
      complexity: 1,
      openSink: async () => this.disk,
      ...options,
    });
    this.recording = this.desk.start('c_1', (error) => this.troubles.push(String(error)));
    this.#left = new Tone(LEFT_HZ, rate);
    this.#right = new Tone(RIGHT_HZ, rate);
    this.#block = new Int16Array(rate / 50);
  }

  /** Both talk for `ms`; the disk gets its turn after each frame. */
  async talk(ms: number): Promise<void> {
    for (let done = 0; done < ms; done += 20) {
      this.clock.advance(20);
      this.#say(this.#left, this.recording.consumer);
      this.#say(this.#right, this.recording.phone);
      await settle();
    }
  }

  /** Nobody is heard: no packets at all. */
  async pause(ms: number): Promise<void> {
    for (let done = 0; done < ms; done += 20) {
      this.clock.advance(20);
      await settle();
    }
  }

  async finish(): Promise<RecordingSummary> {
    const summary = this.desk.finish(this.recording);
    let done = false;
    void summary.then(() => {
      done = true;
    });
    while (!done) {
      this.clock.advance(20);
      await settle();
    }
    return summary;
  }

  #say(tone: Tone, tap: PcmTap): void {
    tone.fill(this.#block, this.#block.length);
    tap.write(this.#block, this.#block.length, this.rate, this.clock.monotonic());
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Both sides of the file, and its rate. */
function sidesOf(
  format: 'wav' | 'opus',
  bytes: Buffer,
): { left: Int16Array; right: Int16Array; rate: number } {
  if (format === 'opus') return { ...readOggOpus(bytes, opus), rate: 48_000 };
  const { pcm, sampleRate } = readWav(bytes);
  const side = (offset: number): Int16Array =>
    Int16Array.from({ length: pcm.length / 2 }, (_, i) => pcm[2 * i + offset] as number);
  return { left: side(0), right: side(1), rate: sampleRate };
}

const open: Rig[] = [];
const rigOf = (...args: ConstructorParameters<typeof Rig>): Rig => {
  const rig = new Rig(...args);
  open.push(rig);
  return rig;
};
let codecs = 0;
beforeEach(() => {
  codecs = opus.open;
});
afterEach(() => {
  for (const rig of open.splice(0)) {
    // Whatever became of the disk: no timer and no codec is left.
    expect(rig.desk.open).toBe(0);
    expect(rig.clock.armed).toBe(0);
  }
  expect(opus.open).toBe(codecs);
});

const BOTH = [
  ['wav', 8_000],
  ['wav', 16_000],
  ['opus', 8_000],
  ['opus', 16_000],
  ['opus', 48_000],
] as const;

describe.each(BOTH)('%s at %i Hz', (format, rate) => {
  it('holds the consumer left and the phone right, for as long as it lasted', async () => {
    const rig = rigOf(format, rate);
    await rig.talk(3_000);
    const summary = await rig.finish();
    expect(summary).toMatchObject({ durationMs: 3_000, pausedMs: 0, gapMs: 0, gaps: 0, complete: true });
    expect(summary.file).toMatch(new RegExp(`^\\d{8}T\\d{6}\\.\\d{3}Z-c_1\\.${format}$`));
    expect(rig.disk.completed).toBe(true);
    const { left, right, rate: played } = sidesOf(format, rig.disk.bytes);
    expect(left.length).toBe(3 * played);
    expect(Math.abs(dominantFrequency(left, played) / LEFT_HZ - 1)).toBeLessThan(0.01);
    expect(Math.abs(dominantFrequency(right, played) / RIGHT_HZ - 1)).toBeLessThan(0.01);
    expect(levelDbfs(left)).toBeCloseTo(20 * Math.log10(0.3) - 3, 0);
    expect(rig.troubles).toEqual([]);
  });

  it('keeps both sides together over pauses of either', async () => {
    const rig = rigOf(format, rate);
    await rig.talk(1_000);
    await rig.pause(1_000);
    await rig.talk(1_000);
    await rig.finish();
    const { left, right, rate: played } = sidesOf(format, rig.disk.bytes);
    for (const side of [left, right]) {
      expect(side.length).toBe(3 * played);
      // From 1.03 s to 1.97 s: Opus rings a little at the edges.
      expect(levelDbfs(side.subarray(1.03 * played, 1.97 * played))).toBeLessThan(-60);
      expect(levelDbfs(side.subarray(0.1 * played, 0.9 * played))).toBeGreaterThan(-16);
      expect(levelDbfs(side.subarray(2.1 * played, 2.9 * played))).toBeGreaterThan(-16);
    }
  });

  it('has silence where it was paused, and nothing that was said then', async () => {
    const rig = rigOf(format, rate);
    await rig.talk(1_000);
    rig.recording.pause(rig.clock.monotonic());
    rig.recording.pause(rig.clock.monotonic());
    expect(rig.recording.paused).toBe(true);
    await rig.talk(1_000);
    rig.recording.resume(rig.clock.monotonic());
    await rig.talk(1_000);
    expect(await rig.finish()).toMatchObject({ durationMs: 3_000, pausedMs: 1_000, complete: true });
    const { left, right, rate: played } = sidesOf(format, rig.disk.bytes);
    for (const side of [left, right]) {
      expect(levelDbfs(side.subarray(1.03 * played, 1.99 * played))).toBeLessThan(-60);
      expect(levelDbfs(side.subarray(0.1 * played, 0.9 * played))).toBeGreaterThan(-16);
      expect(levelDbfs(side.subarray(2.1 * played, 2.9 * played))).toBeGreaterThan(-16);
    }
  });

  it('can be read after a crash in mid-call: at most what the last seconds held is missing', async () => {
    const rig = rigOf(format, rate);
    await rig.talk(6_000);
    const { left, right, rate: played } = sidesOf(format, Buffer.from(rig.disk.bytes));
    expect(left.length).toBeGreaterThan(3 * played);
    expect(Math.abs(dominantFrequency(left, played) / LEFT_HZ - 1)).toBeLessThan(0.01);
    expect(Math.abs(dominantFrequency(right, played) / RIGHT_HZ - 1)).toBeLessThan(0.01);
    await rig.finish();
  });

  it('goes on with silence for the time that a disk stood still, told once', async () => {
    const rig = rigOf(format, rate);
    await rig.talk(1_000);
    rig.disk.stall();
    // Far more than waits at most.
    const ms = format === 'opus' ? 100_000 : 40_000;
    await rig.talk(ms);
    expect(rig.recording.summary().gaps).toBe(1);
    rig.disk.release();
    await rig.pause(400);
    await rig.talk(2_000);
    const summary = await rig.finish();
    expect(summary).toMatchObject({ durationMs: ms + 3_400, gaps: 1, complete: true });
    expect(summary.gapMs).toBeGreaterThan(1_000);
    const { left, rate: played } = sidesOf(format, rig.disk.bytes);
    expect(left.length).toBe(((ms + 3_400) * played) / 1_000);
    // What was said last is where it was said.
    const last = left.subarray(left.length - 1.5 * played, left.length - 0.1 * played);
    expect(Math.abs(dominantFrequency(last, played) / LEFT_HZ - 1)).toBeLessThan(0.01);
    const before = left.subarray(left.length - 3.4 * played, left.length - 3.2 * played);
    expect(levelDbfs(before)).toBeLessThan(-60);
  }, 120_000);
});

describe.each(['wav', 'opus'] as const)('%s on a disk in trouble', (format) => {
  it('goes on when there is room again', async () => {
    const rig = rigOf(format);
    await rig.talk(1_500);
    rig.disk.error = noSpace();
    await rig.talk(4_000);
    expect(rig.troubles).toEqual([expect.stringContaining('ENOSPC')]);
    // Once a second, however much waits.
    const { writes } = rig.disk;
    await rig.talk(5_000);
    expect(rig.disk.writes - writes).toBeLessThan(7);
    rig.disk.error = undefined;
    await rig.talk(2_000);
    expect(await rig.finish()).toMatchObject({ durationMs: 12_500, gapMs: 0, complete: true });
    const { left, rate } = sidesOf(format, rig.disk.bytes);
    expect(left.length).toBe(12.5 * rate);
  });

  it('gives up at the end when the disk stays full, and leaves what there is', async () => {
    const rig = rigOf(format, 8_000, { patienceMs: 3_000 });
    await rig.talk(3_000);
    rig.disk.error = noSpace();
    await rig.talk(1_000);
    const summary = await rig.finish();
    expect(summary).toMatchObject({ complete: false, durationMs: 4_000 });
    expect(summary.file).toMatch(/\.part$/);
    await settle();
    expect(rig.disk).toMatchObject({ completed: false, abandoned: true });
    expect(dominantFrequency(sidesOf(format, rig.disk.bytes).left, 8_000)).toBeGreaterThan(0);
  });

  it('waits no longer than it said for a disk that never answers', async () => {
    const rig = rigOf(format, 8_000, { patienceMs: 3_000 });
    await rig.talk(1_000);
    rig.disk.stall();
    await rig.talk(3_000);
    const began = rig.clock.monotonic();
    expect(await rig.finish()).toMatchObject({ complete: false });
    expect(rig.clock.monotonic() - began).toBeLessThanOrEqual(3_040);
    rig.disk.release();
    await settle();
  });

  it('tells of a file that cannot be made, and disturbs nobody', async () => {
    const rig = rigOf(format, 8_000, { openSink: () => Promise.reject(new Error('EACCES')) });
    await rig.talk(1_000);
    expect(rig.recording.failed).toBe(true);
    expect(rig.troubles).toEqual(['Error: EACCES']);
    expect(await rig.finish()).toMatchObject({ complete: false });
  });
});

it('makes a file of a call in which nobody said anything', async () => {
  for (const format of ['wav', 'opus'] as const) {
    const rig = rigOf(format);
    await rig.pause(1_000);
    expect(await rig.finish()).toMatchObject({ durationMs: 1_000, complete: true });
    const { left, rate } = sidesOf(format, rig.disk.bytes);
    expect(left.length).toBe(rate);
    expect(levelDbfs(left)).toBeLessThan(-60);
  }
});

it('makes a file of a call that ended at once', async () => {
  for (const format of ['wav', 'opus'] as const) {
    const rig = rigOf(format);
    expect(await rig.finish()).toMatchObject({ durationMs: 0, complete: true });
    expect(sidesOf(format, rig.disk.bytes).left.length).toBe(0);
  }
});

it.each([
  ['runs ahead of the clock', 0, 9],
  ['lags behind it', 5, 0],
])('takes nothing of what is said while it is paused, from a side that %s', async (_what, behind, burst) => {
  const rig = rigOf('wav');
  const { consumer } = rig.recording;
  const say = (value: number): void =>
    consumer.write(new Int16Array(160).fill(value), 160, 8_000, rig.clock.monotonic());
  const speak = async (value: number, frames: number): Promise<void> => {
    for (let i = 0; i < frames; i++) {
      rig.clock.advance(20);
      say(value);
      await settle();
    }
  };
  await speak(1_000, 50);
  // Packets that the network kept, all at once; or some that never came.
  for (let i = 0; i < burst; i++) say(1_000);
  await rig.pause(behind * 20);
  await speak(1_000, 1);
  rig.recording.pause(rig.clock.monotonic());
  await speak(9_999, 50);
  rig.recording.resume(rig.clock.monotonic());
  await speak(2_000, 50);
  await rig.finish();
  const { left } = sidesOf('wav', rig.disk.bytes);
  expect(left.includes(1_000)).toBe(true);
  expect(left.includes(2_000)).toBe(true);
  expect(left.includes(9_999)).toBe(false);
});

it('is over when its codec fails, told once, and the others of its thread go on', async () => {
  const clock = new FakeClock();
  const disks = [new Disk(), new Disk()];
  const troubles: string[] = [];
  let made = 0;
  const library: typeof opus = Object.create(opus, {
    encoder: {
      value: (options: Parameters<typeof opus.encoder>[0]) => {
        const encoder = opus.encoder(options);
        if (made++ < 2)
          encoder.encode = () => {
            throw new Error('trap');
          };
        return encoder;
      },
    },
  });
  const desk = new RecordDesk({
    clock,
    opus: library,
    directory: '/nowhere',
    format: 'opus',
    bitrate: 24_000,
    complexity: 1,
    openSink: async (path) => disks[path.includes('c_1') ? 0 : 1] as Disk,
  });
  const [one, two] = ['c_1', 'c_2'].map((id) =>
    desk.start(id, (error) => troubles.push(`${id} ${error}`)),
  ) as [Recording, Recording];
  const finish = async (recording: Recording): Promise<RecordingSummary> => {
    const summary = desk.finish(recording);
    for (let i = 0; i < 20; i++) {
      clock.advance(20);
      await settle();
    }
    return summary;
  };
  for (let i = 0; i < 100; i++) {
    for (const { consumer } of [one, two])
      consumer.write(new Int16Array(160).fill(500), 160, 8_000, clock.monotonic());
    clock.advance(20);
    await settle();
  }
  expect([one.failed, two.failed]).toEqual([true, false]);
  expect(troubles).toEqual(['c_1 Error: trap']);
  expect((await finish(one)).complete).toBe(false);
  expect(await finish(two)).toMatchObject({ complete: true, gapMs: 0 });
  expect(clock.armed).toBe(0);
});
