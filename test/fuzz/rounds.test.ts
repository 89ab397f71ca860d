import { expect, test } from 'vitest';
import { KINDS, kindOf, runRound } from './rounds.ts';

/** Some of each kind; `npm run fuzz:sip` goes on from any seed for as long as one likes. */
const SEED = 4475;
const LAPS = 4;

test.each([...KINDS.keys()])('rounds of kind %i: nothing the server must never do', (kind) => {
  let messages = 0;
  let delivered = 0;
  for (let lap = 0; lap < LAPS; lap++) {
    const tally = runRound(SEED, lap * KINDS.length + kind);
    messages += tally.messages;
    delivered += tally.delivered;
  }
  expect(messages).toBeGreaterThan(100);
  // A fuzz whose messages are all refused proves little.
  if (/messages|walk/.test(kindOf(kind))) expect(delivered).toBeGreaterThan(50);
});

test('a round repeats by seed and number', () => {
  expect({ ...runRound(7, 1), dearestMs: 0 }).toEqual({ ...runRound(7, 1), dearestMs: 0 });
  expect(runRound(7, 1).delivered).not.toBe(runRound(8, 1).delivered);
});
