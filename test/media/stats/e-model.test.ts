import { describe, expect, it } from 'vitest';
import { eModel, mosOf } from '../../../src/media/stats/e-model.ts';

describe('the E-model', () => {
  it('gives the rating 93.2 and the MOS 4.41 of G.107 with its default values', () => {
    const { rating, mos } = eModel('PCMU', 0, 1, 0);
    expect(rating).toBeCloseTo(93.2, 1);
    expect(mos).toBeCloseTo(4.41, 2);
  });

  // G.109 table 1: the rating that each MOS of the scale of user satisfaction belongs to.
  it.each([
    [90, 4.34],
    [80, 4.03],
    [70, 3.6],
    [60, 3.1],
    [50, 2.58],
  ])('maps the rating %i to the MOS %f', (rating, mos) => {
    expect(Math.abs(mosOf(rating) - mos)).toBeLessThan(0.01);
  });

  it('follows the known fit 0.024 d + 0.11 (d - 177.3) of its delay impairment up to 300 ms', () => {
    for (const ms of [0, 50, 100, 150, 200, 250, 300]) {
      const fit = 93.2 - 0.024 * ms - 0.11 * Math.max(0, ms - 177.3);
      expect(Math.abs(eModel('PCMA', 0, 1, ms).rating - fit)).toBeLessThan(0.9);
    }
  });

  it('charges loss by G.113, and more when it comes in bursts', () => {
    // Ie-eff = 95 x 5 / (5 + 25.1)
    expect(eModel('PCMU', 0.05, 1, 0).rating).toBeCloseTo(93.2 - 15.78, 1);
    expect(eModel('PCMU', 0.05, 3, 0).rating).toBeLessThan(eModel('PCMU', 0.05, 1, 0).rating);
    expect(eModel('opus', 1, 1, 1_000).mos).toBe(1);
  });
});
