import { expect, it, onTestFinished, vi } from 'vitest';
import { Bridge, createDatagramIo, createOpusLibrary, MediaEngine } from '../../../src/media/index.ts';
import type { Clock } from '../../../src/shared/clock.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import { silentLog } from '../../../src/shared/log.ts';

async function engineOf(clock: Clock): Promise<MediaEngine> {
  const { io } = await createDatagramIo('dgram');
  const opus = await createOpusLibrary();
  return new MediaEngine({ opus, io, clock, log: silentLog, opusComplexity: 0 });
}

it('ticks each bridge every 20 ms, a quarter of them at a time, also when others come and go, and when the thread is late', async () => {
  const clock = new FakeClock();
  const engine = await engineOf(clock);
  const ticks = new Map<Bridge, number[]>();
  const spy = vi.spyOn(Bridge.prototype, 'tick').mockImplementation(function (this: Bridge, nowMs: number) {
    ticks.set(this, [...(ticks.get(this) ?? []), nowMs]);
  });
  onTestFinished(() => spy.mockRestore());
  const open = (): Bridge => engine.openBridge({ mediaTimeoutMs: 600_000, onEvent: () => {} }, 1);
  const bridges = Array.from({ length: 100 }, open);
  for (let i = 0; i < 200; i++) clock.advance(1);
  const perMs = new Map<number, number>();
  for (const at of [...ticks.values()].flat()) perMs.set(at, (perMs.get(at) ?? 0) + 1);
  expect(Math.max(...perMs.values())).toBe(25);
  for (const bridge of bridges) expect(steps(ticks.get(bridge))).toEqual([20]);
  expect(ticks.size).toBe(100);

  // All but two go: those tick on as before.
  const [first, fifth] = [bridges[0], bridges[60]];
  await Promise.all(bridges.filter((bridge) => bridge !== first && bridge !== fifth).map((b) => b.close()));
  ticks.clear();
  for (let i = 0; i < 200; i++) clock.advance(1);
  expect(ticks.size).toBe(2);
  for (const each of ticks.values()) expect(steps(each)).toEqual([20]);

  // One that comes between two ticks.
  const newcomer = open();
  ticks.clear();
  for (let i = 0; i < 200; i++) clock.advance(1);
  expect(steps(ticks.get(newcomer))).toEqual([20]);
  await newcomer.close();

  // A thread that has a turn every 12 ms, and then every 25 ms, still ticks each once in that time, and every 20 ms on
  // the whole where it can.
  Array.from({ length: 60 }, open);
  ticks.clear();
  engine.takeTickLateMs();
  for (let i = 0; i < 100; i++) clock.turn(12);
  for (const each of ticks.values()) expect(Math.abs(each.length - 60)).toBeLessThanOrEqual(1);
  expect(engine.takeTickLateMs()).toBeLessThanOrEqual(12);
  ticks.clear();
  for (let i = 0; i < 40; i++) clock.turn(25);
  for (const each of ticks.values()) expect(each.length).toBeGreaterThanOrEqual(39);
  expect(engine.takeTickLateMs()).toBeGreaterThanOrEqual(20);

  await engine.close();
  expect([engine.bridges, clock.armed]).toEqual([0, 0]);
});

it('keeps to 20 ms on the whole when the timer goes before or behind its time', async () => {
  for (const offMs of [-0.4, 1.3]) {
    const fake = new FakeClock();
    const off = {
      now: () => fake.now(),
      monotonic: () => fake.monotonic(),
      after: (ms: number, fn: () => void) => fake.after(ms, fn),
      every: (ms: number, fn: () => void) => fake.every(ms + offMs, fn),
    };
    const engine = await engineOf(off);
    let ticks = 0;
    const spy = vi.spyOn(Bridge.prototype, 'tick').mockImplementation(() => {
      ticks += 1;
    });
    engine.openBridge({ mediaTimeoutMs: 600_000, onEvent: () => {} }, 1);
    fake.advance(1_010);
    spy.mockRestore();
    expect(ticks).toBe(50);
    await engine.close();
  }
});

/** The times between neighbours, each once. */
function steps(times: readonly number[] = []): number[] {
  return [...new Set(times.slice(1).map((at, i) => at - (times[i] as number)))];
}
