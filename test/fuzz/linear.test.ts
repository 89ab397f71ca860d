import { describe, expect, test } from 'vitest';
import { serializeMessage } from '../../src/sip-server/message/serialize.ts';
import { parseMessage } from '../../src/sip-server/message/validate.ts';
import { cpuMs, STALL_MS } from './cost.ts';
import { FILLERS, flood, floodOfLines, PARSED_HEADERS, PLACES } from './floods.ts';
import { readAsSrf } from './srf-reader.ts';

/** Work for as many bytes in small and in large messages: equal when the cost is linear, 8 times more when quadratic. */
const MOST = 4;
/** Below this the clock of a thread is too coarse, ms. */
const GRAIN_MS = 20;

function costOf(message: Buffer, times: number): number {
  return cpuMs(() => {
    for (let i = 0; i < times; i++) parseMessage(message);
  });
}

const least = (message: Buffer, times: number): number =>
  Math.min(costOf(message, times), costOf(message, times), costOf(message, times));

test.each(Object.keys(FILLERS))('a flood of %s costs in proportion to its length', (filler) => {
  const lines = (kb: number): Buffer => floodOfLines(filler, kb * 3, 300);
  const line = (kb: number): Buffer => flood('contact', filler, 'inside', kb * 1000);
  for (const make of [lines, line]) {
    const [small, large] = [make(8), make(64)];
    costOf(small, 20);
    expect(least(large, 16)).toBeLessThanOrEqual(MOST * least(small, 128) + GRAIN_MS);
  }
});

test.each<[string, (kb: number) => string]>([
  ['one line', (kb) => 'A'.repeat(kb * 1000)],
  ['line breaks', (kb) => '\r\n'.repeat(kb * 500)],
  ['colons', (kb) => ':'.repeat(kb * 1000)],
  ['unfinished headers', (kb) => `OPTIONS sip:a SIP/2.0\r\n${'a:b\r\n'.repeat(kb * 200)}`],
  ['headers', (kb) => `OPTIONS sip:a SIP/2.0\r\n${'a:b\r\n'.repeat(kb * 200)}\r\n`],
  ['Vias', (kb) => `OPTIONS sip:a SIP/2.0\r\nVia: ${'SIP/2.0/UDP a,'.repeat(kb * 70)}\r\n\r\n`],
])('nothing but %s costs in proportion to its length', (_what, make) => {
  const [small, large] = [Buffer.from(make(8)), Buffer.from(make(64))];
  costOf(small, 20);
  expect(least(large, 16)).toBeLessThanOrEqual(MOST * least(small, 128) + GRAIN_MS);
});

describe('what is let through costs drachtio-srf little', () => {
  test.each(PARSED_HEADERS)('floods in %s', (header) => {
    for (const filler of Object.keys(FILLERS)) {
      for (const place of PLACES) {
        const parsed = parseMessage(flood(header, filler, place, 7900));
        if (!parsed.ok) continue;
        const bytes = serializeMessage(parsed.value);
        const spent = cpuMs(() => readAsSrf(bytes));
        if (spent > STALL_MS)
          expect(
            cpuMs(() => readAsSrf(bytes)),
            `${filler} ${place}`,
          ).toBeLessThanOrEqual(STALL_MS);
      }
    }
  });
});
