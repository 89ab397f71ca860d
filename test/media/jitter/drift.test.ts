import { describe, expect, it } from 'vitest';
import { Line, random } from './line.ts';

const HOURS = 6;

describe.each([200, -200])('six hours at %i ppm', (ppm) => {
  it.each([
    { name: 'PCMU 20 ms', clockRate: 8_000, packetMs: 20, frameMs: 20 },
    { name: 'Opus 60 ms to a 30 ms phone', clockRate: 48_000, packetMs: 60, frameMs: 30 },
  ])('$name: delay and memory stay bounded, and the drift is paid in counted samples', (shape) => {
    const chance = random(7);
    const line = new Line({ ...shape, maxDelayMs: 200 });
    const packets = (HOURS * 3_600_000) / shape.packetMs;
    let bytesAfterAnHour = 0;
    let longest = 0;
    for (let i = 0; i < packets; i++) {
      // A sender whose clock is fast sends its packets closer together.
      const at = (i * shape.packetMs) / (1 + ppm / 1e6) + 10 * chance() ** 2;
      line.until(Math.max(line.now, at));
      // Somebody pauses to breathe for half a second in five.
      line.quiet = i % (5_000 / shape.packetMs) < 500 / shape.packetMs;
      line.push(i);
      if (i === Math.round(packets / HOURS)) bytesAfterAnHour = line.buffer.bytes;
      if (i > 100) longest = Math.max(longest, line.buffer.delayMs);
    }
    const { buffer } = line;
    const drift = (HOURS * 3_600_000 * Math.abs(ppm)) / 1e6;
    const netMs = ((buffer.removedTicks - buffer.insertedTicks) * 1000) / shape.clockRate;
    expect(longest).toBeLessThan(60 + shape.packetMs);
    expect(buffer.bytes).toBe(bytesAfterAnHour);
    expect(line.mostWaiting).toBeLessThan(8);
    expect(Math.abs(netMs - Math.sign(ppm) * drift)).toBeLessThan(100 + shape.packetMs);
    // Hardly more was inserted or removed than the drift asks for.
    const movedMs = ((buffer.removedTicks + buffer.insertedTicks) * 1000) / shape.clockRate;
    expect(movedMs).toBeLessThan(drift * 1.3 + 300);
    expect(buffer.late + buffer.overflow).toBe(0);
    expect(line.steps.packet + line.steps.skip + buffer.waiting).toBe(packets);
  });
});
