import { describe, expect, it } from 'vitest';
import { Line, random } from './line.ts';

/** Packets of 20 ms each on time, from..to. */
function steady(line: Line, from: number, to: number, lateMs = (_: number) => 0): void {
  for (let i = from; i < to; i++) {
    line.until(Math.max(line.now, i * line.packetMs + lateMs(i)));
    line.push(i);
  }
}

const bytesOf = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => (from + i) & 255);

describe.each([10, 20, 30, 40, 60, 120])('packets of %i ms', (packetMs) => {
  it('plays all of a clean stream in order, without a step between', () => {
    const line = new Line({ packetMs, clockRate: 48_000 });
    steady(line, 0, 100);
    line.until(line.now + 300);
    expect(line.played).toEqual(bytesOf(0, 100));
    expect(line.steps.lost + line.steps.fec + line.steps.insert + line.steps.skip).toBe(0);
    expect(line.longestDelayMs).toBeLessThan(40 + 2 * packetMs);
  });

  it('puts what was reordered in order again', () => {
    const line = new Line({ packetMs, clockRate: 48_000, minDelayMs: 1.5 * packetMs, maxDelayMs: 500 });
    line.push(0);
    for (let i = 1; i < 101; i += 2) {
      line.until(line.now + 2 * packetMs);
      line.push(i + 1);
      line.push(i);
    }
    line.until(line.now + 1_000);
    expect(line.played).toEqual(bytesOf(0, 101));
    expect(line.buffer.late).toBe(0);
  });
});

it('asks for FEC of the packet behind a loss, and for concealment before it', () => {
  const line = new Line({ minDelayMs: 100 });
  const around: string[] = [];
  line.onStep = (step) => line.now > 400 && line.now < 900 && around.push(step);
  for (let i = 0; i < 50; i++) {
    line.until(i * 20);
    if (i !== 30 && i !== 31 && i !== 32) line.push(i);
  }
  line.until(2_000);
  const lost = around.filter((step) => step !== 'packet');
  expect(lost).toEqual(['lost', 'lost', 'fec']);
  expect(line.played).toEqual([...bytesOf(0, 30), ...bytesOf(33, 50)]);
});

it('drops what comes after its time, counts it, and never plays it', () => {
  const line = new Line({ minDelayMs: 40, maxDelayMs: 40 });
  steady(line, 0, 50);
  line.until(1_000);
  line.push(51);
  line.until(1_100);
  expect(line.push(50)).toBe(false);
  expect(line.buffer.late).toBe(1);
  steady(line, 56, 60);
  line.until(3_000);
  expect(line.played.filter((byte) => byte === 50)).toEqual([]);
});

it('waits for a packet that is merely late: the delay grows, nothing is lost', () => {
  const line = new Line();
  steady(line, 0, 100);
  // The network stops for 150 ms, then delivers everything.
  line.until(2_150);
  for (let i = 100; i < 108; i++) line.push(i);
  steady(line, 108, 200);
  line.until(6_000);
  expect(line.steps.packet + line.steps.skip).toBe(200);
  expect(line.buffer.late + line.steps.lost + line.steps.fec).toBe(0);
  expect(line.buffer.insertedTicks).toBeGreaterThanOrEqual(80 * 8);
});

it('learns jitter of 60 ms within two seconds and then loses almost nothing, and forgets it slowly', () => {
  const chance = random(3);
  const line = new Line();
  line.quiet = true;
  steady(line, 0, 200);
  expect(line.buffer.targetMs).toBeLessThan(40);
  steady(line, 200, 300, () => 60 * chance());
  expect(line.buffer.targetMs).toBeGreaterThanOrEqual(50);
  const { late } = line.buffer;
  const { starved } = line.steps;
  steady(line, 300, 1_300, () => 60 * chance());
  expect(line.buffer.late - late).toBeLessThan(5);
  expect(line.steps.starved - starved).toBeLessThan(20);
  const jittery = line.buffer.targetMs;
  steady(line, 1_300, 1_400);
  expect(line.buffer.targetMs).toBeGreaterThan(jittery - 15);
  steady(line, 1_400, 6_000);
  expect(line.buffer.targetMs).toBeLessThan(15);
  expect(line.buffer.delayMs).toBeLessThan(40);
  expect(line.buffer.removedTicks).toBeGreaterThan(0);
});

it('skips a packet of silence rather than one of speech', () => {
  const chance = random(5);
  const line = new Line();
  steady(line, 0, 300, () => 60 * chance());
  steady(line, 300, 3_000);
  const loud = line.buffer.removedTicks;
  const before = line.buffer.delayMs;
  line.quiet = true;
  steady(line, 3_000, 3_100);
  expect(line.buffer.removedTicks).toBeGreaterThan(loud);
  expect(line.buffer.delayMs).toBeLessThan(before - 15);
});

it('takes a jump of the timestamp without a missing packet for a pause (DTX), not for loss', () => {
  const line = new Line({ clockRate: 48_000 });
  steady(line, 0, 50);
  // One packet each 400 ms, as Opus does in DTX, then speech again.
  for (let i = 0; i < 5; i++) {
    line.until(1_000 + (i + 1) * 400);
    line.push(50 + i, { timestamp: (50 + (i + 1) * 20) * 960 });
  }
  for (let i = 0; i < 50; i++) {
    line.until(3_020 + i * 20);
    line.push(55 + i, { timestamp: (151 + i) * 960 });
  }
  line.until(5_000);
  expect(line.played).toEqual(bytesOf(0, 105));
  expect(line.steps.lost + line.steps.fec + line.steps.skip).toBe(0);
  expect(line.longestDelayMs).toBeLessThan(500);
  expect(line.buffer.delayMs).toBeLessThan(2_000);
});

it('knows that what is missing while packets of another kind came is no loss', () => {
  const line = new Line({ minDelayMs: 40 });
  steady(line, 0, 50);
  for (let i = 50; i < 60; i++) {
    line.until(i * 20);
    line.buffer.push(new Uint8Array(4), 0, 4, i, 50 * 160, 0, false, line.now);
  }
  steady(line, 60, 100);
  line.until(3_000);
  expect(line.played).toEqual([...bytesOf(0, 50), ...bytesOf(60, 100)]);
  expect(line.steps.lost + line.steps.fec).toBe(0);
});

describe('another stream or clock', () => {
  it.each([
    { name: 'the sequence and the timestamp wrap', sequence: 65_500, timestamp: 2 ** 32 - 160 * 30, at: 0 },
    { name: 'another SSRC begins anywhere', sequence: 9_000, timestamp: 123_456_789, at: 50, restart: true },
    { name: 'the timestamp jumps forth', sequence: 50, timestamp: 50 * 160 + 2 ** 30, at: 50 },
    { name: 'the timestamp jumps back', sequence: 50, timestamp: 50 * 160 - 2 ** 30, at: 50 },
  ])('$name: everything is played, and the delay stays', ({ sequence, timestamp, at, restart = false }) => {
    const line = new Line({ minDelayMs: 60 });
    steady(line, 0, at);
    for (let i = 0; i < 100; i++) {
      line.until((at + i) * 20);
      line.push(at + i, {
        sequence: sequence + i,
        timestamp: timestamp + i * 160,
        restart: restart && i === 0,
      });
    }
    expect(line.buffer.delayMs).toBeLessThan(100);
    line.until(6_000);
    expect(line.played).toEqual(bytesOf(0, at + 100));
    expect(line.buffer.late).toBe(0);
    expect(line.steps.lost + line.steps.fec).toBe(0);
  });
});

it('holds a bounded number of packets and bytes, whatever is pushed', () => {
  const line = new Line({ packetMs: 2.5, clockRate: 48_000 });
  for (let i = 0; i < 5_000; i++) line.push(i);
  expect(line.buffer.waiting).toBeLessThanOrEqual(200);
  expect(line.buffer.bytes).toBeLessThanOrEqual(200 * 192);
  expect(line.buffer.overflow).toBe(4_800);
});

it.each([1, 2, 3, 4, 5, 6, 7, 8])('loses no packet from its books in a wild network (%i)', (seed) => {
  const chance = random(seed * 7_919);
  const packetMs = [10, 20, 40, 60][seed & 3] as number;
  const line = new Line({ packetMs, maxDelayMs: 60 + 40 * seed });
  const due: { at: number; index: number }[] = [];
  for (let i = 0; i < 5_000; i++) {
    if (chance() < 0.1) continue;
    due.push({ at: i * packetMs + 150 * chance() ** 4 + (chance() < 0.01 ? 300 : 0), index: i });
  }
  due.sort((a, b) => a.at - b.at);
  let kept = 0;
  const played: number[] = [];
  line.onStep = (step) => {
    if (step === 'packet') played.push(line.played.at(-1) as number);
  };
  for (const { at, index } of due) {
    line.until(at);
    line.quiet = chance() < 0.3;
    kept += Number(line.push(index));
  }
  line.until(line.now + 2_000);
  const { buffer, steps } = line;
  expect(buffer.waiting).toBe(0);
  expect(kept + buffer.late).toBe(due.length);
  expect(steps.packet + steps.skip + buffer.overflow).toBe(kept);
  for (let i = 1; i < played.length; i++) {
    const step = ((played[i] as number) - (played[i - 1] as number)) & 255;
    expect(step > 0 && step < 128).toBe(true);
  }
  expect(line.longestDelayMs).toBeLessThan(60 + 40 * seed + 400);
});
