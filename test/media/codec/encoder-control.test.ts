import { describe, expect, it } from 'vitest';
import {
  ComplexityControl,
  LossEstimate,
  type OpusEncoder,
  opusHasFec,
} from '../../../src/media/codec/index.ts';
import { speechLike } from '../../bench/speech.ts';
import { opusLibraries } from './libraries.ts';

describe('the loss to expect', () => {
  const percent = (lost: number): number => Math.round((lost * 256) / 100);

  it('begins at 10 % and never leaves 5 to 30 %', () => {
    const loss = new LossEstimate();
    expect(loss.percent).toBe(10);
    for (let i = 0; i < 100; i++) loss.report(0);
    expect(loss.percent).toBe(5);
    for (let i = 0; i < 100; i++) loss.report(255);
    expect(loss.percent).toBe(30);
  });

  it('believes a bad report soon and a good one late', () => {
    const loss = new LossEstimate();
    for (let i = 0; i < 100; i++) loss.report(0);
    loss.report(percent(20));
    expect(loss.percent).toBe(10);
    loss.report(percent(20));
    expect(loss.percent).toBe(15);
    loss.report(0);
    loss.report(0);
    expect(loss.percent).toBe(12);
  });
});

describe('the complexity by load', () => {
  const last = (control: ComplexityControl, times: number, share: number, lateMs = 0): number => {
    for (let i = 0; i < times; i++) control.observe(share, lateMs);
    return control.complexity;
  };

  it('begins at its maximum, whatever that is, and never exceeds it', () => {
    for (let max = 0; max <= 10; max++) {
      const control = new ComplexityControl(max);
      expect(control.complexity).toBe(max);
      expect(last(control, 100, 0.9)).toBe(0);
      expect(last(control, 100, 0.1)).toBe(max);
    }
  });

  it('goes down a step a second under load, at once when overloaded, up only after five quiet ones', () => {
    const control = new ComplexityControl(8);
    expect(last(control, 1, 0.7)).toBe(6);
    expect(last(control, 1, 0.7)).toBe(4);
    expect(last(control, 20, 0.5)).toBe(4);
    expect(last(control, 1, 0.9)).toBe(0);
    expect(last(control, 4, 0.2)).toBe(0);
    expect(last(control, 1, 0.4)).toBe(0);
    expect(last(control, 4, 0.2)).toBe(0);
    expect(last(control, 1, 0.2)).toBe(1);
    expect(last(control, 5, 0.2)).toBe(2);
  });

  it('takes a late tick for overload only of a thread that is busy', () => {
    const control = new ComplexityControl(8);
    expect(last(control, 3, 0.2, 60)).toBe(8);
    expect(last(control, 1, 0.55, 60)).toBe(0);
  });

  it('settles: no load makes it go up and down for ever', () => {
    // us of CPU a transcoded frame each way, by complexity, libopus 1.3.1 at 8 kHz and the rest of a call's way.
    const cost: Record<number, number> = { 0: 62, 1: 71, 2: 114, 4: 143, 6: 158, 8: 206 };
    for (let calls = 1; calls <= 400; calls++) {
      const control = new ComplexityControl(8);
      let changes = 0;
      for (let second = 0; second < 400; second++) {
        const before = control.complexity;
        const share = Math.min(1, (calls * 50 * (cost[before] ?? 0)) / 1e6);
        control.observe(share, 0);
        if (second >= 100 && control.complexity !== before) changes += 1;
      }
      expect([calls, changes]).toEqual([calls, 0]);
    }
  });
});

describe.each(await opusLibraries())('libopus: %s', (_kind, library) => {
  const options = {
    sampleRate: 16_000,
    bitrate: 20_000,
    complexity: 8,
    inbandFec: true,
    expectedLossPercent: 10,
    dtx: false,
    maxPlaybackRate: 16_000,
  };

  /** A steady tone is noise to libopus, and noise gets no FEC. */
  function packets(
    seconds: number,
    change: Partial<typeof options> & { cbr?: boolean } = {},
    before: (frame: number, encoder: OpusEncoder) => void = () => {},
  ): Uint8Array[] {
    const settings = { ...options, ...change };
    const encoder = library.encoder(settings);
    const speech = speechLike(settings.sampleRate, seconds);
    const samples = settings.sampleRate / 50;
    const out = new Uint8Array(1_275);
    const made = Array.from({ length: seconds * 50 }, (_, i) => {
      before(i, encoder);
      const pcm = speech.subarray(i * samples, (i + 1) * samples);
      return out.slice(0, encoder.encode(pcm, samples, out));
    });
    encoder.close();
    return made;
  }

  const fecShare = (made: readonly Uint8Array[]): number =>
    made.filter((packet) => opusHasFec(packet)).length / made.length;

  it('makes FEC for the least loss that the estimate tells at 8 kHz; at 16 kHz prefers the bandwidth then', () => {
    expect(fecShare(packets(3, { sampleRate: 8_000, expectedLossPercent: 5 }))).toBeGreaterThan(0.7);
    expect(fecShare(packets(3, { expectedLossPercent: 5 }))).toBe(0);
    expect(fecShare(packets(3, { expectedLossPercent: 10 }))).toBeGreaterThan(0.7);
  });

  it('changes loss and complexity in the middle of a stream', () => {
    const made = packets(8, { expectedLossPercent: 0 }, (frame, encoder) => {
      if (frame === 100) encoder.setExpectedLoss(20);
      if (frame >= 200 && frame % 50 === 0) encoder.setComplexity((frame / 50) % 11);
    });
    expect(fecShare(made.slice(0, 100))).toBe(0);
    expect(fecShare(made.slice(150))).toBeGreaterThan(0.7);
    const decoder = library.decoder(16_000);
    const pcm = new Int16Array(960);
    for (const packet of made) expect(decoder.decode(packet, pcm)).toBe(320);
    decoder.close();
  });

  it('makes packets of one size where a constant bit rate is asked for', () => {
    const sizes = (cbr: boolean): number => new Set(packets(2, { cbr }).map(({ length }) => length)).size;
    expect(sizes(true)).toBe(1);
    expect(sizes(false)).toBeGreaterThan(1);
  });
});
