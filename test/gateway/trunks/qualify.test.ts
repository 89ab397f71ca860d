import { describe, expect, it } from 'vitest';
import {
  nextAskMs,
  type Qualified,
  qualify,
  type Sign,
  UNASKED,
} from '../../../src/gateway/trunks/qualify.ts';

const POLICY = { everyS: 30, timeoutMs: 4_000, failures: 3 };
const SILENCE: Sign = { kind: 'silence', why: 'no answer in time' };
const answer = (status: number): Sign => ({ kind: 'answer', status, ms: 12 });

/** The states and the words said on the way. */
function thoughtAfter(...signs: Sign[]): { state: Qualified; said: (string | undefined)[] } {
  let state = UNASKED;
  const said = signs.map((sign) => {
    const next = qualify(state, sign, POLICY);
    state = next.state;
    return next.why;
  });
  return { state, said };
}

describe('what is thought of a trunk', () => {
  it('is down after so many failures in a row, and says so once', () => {
    const { state, said } = thoughtAfter(SILENCE, SILENCE, SILENCE, SILENCE);
    expect(state).toMatchObject({ up: false, failed: 4 });
    expect(said).toEqual([undefined, undefined, 'OPTIONS: no answer in time', undefined]);
  });

  it('is up again after one answer', () => {
    const { state, said } = thoughtAfter(SILENCE, SILENCE, SILENCE, answer(200));
    expect(state).toEqual({ up: true, failed: 0, roundTripMs: 12 });
    expect(said.at(-1)).toBe('200 to OPTIONS');
  });

  it('an answer between failures begins the count anew', () => {
    expect(thoughtAfter(SILENCE, SILENCE, answer(200), SILENCE, SILENCE).state).toMatchObject({
      up: true,
      failed: 2,
    });
  });

  it.each([200, 202, 302, 400, 401, 403, 404, 405, 407, 480, 481, 486, 488, 500, 501, 603])(
    '%i is a sign of life',
    (status) => expect(thoughtAfter(answer(status), answer(status), answer(status)).state.up).toBe(true),
  );

  it.each([408, 503, 504])('%i is none', (status) => {
    const { state, said } = thoughtAfter(answer(status), answer(status), answer(status));
    expect(state.up).toBe(false);
    expect(said.at(-1)).toBe(`${status} to OPTIONS`);
  });

  it('calls count like OPTIONS: those without an answer against it, any answer for it', () => {
    const unheard: Sign = { kind: 'call-silence', why: 'connection refused' };
    const { state, said } = thoughtAfter(SILENCE, unheard, unheard);
    expect(state.up).toBe(false);
    expect(said.at(-1)).toBe('INVITE: connection refused');
    expect(qualify(state, { kind: 'call-answer', status: 486 }, POLICY)).toMatchObject({
      state: { up: true, failed: 0 },
      why: '486 to INVITE',
    });
  });
});

describe('when it is asked again', () => {
  it.each([
    ['up', UNASKED, 27_000, 33_000],
    ['in doubt', { up: true, failed: 1 }, 4_500, 5_500],
    ['down', { up: false, failed: 3 }, 27_000, 33_000],
  ])('%s: a tenth around the interval', (_, state, least, most) => {
    expect(nextAskMs(state, POLICY, 0)).toBeCloseTo(least);
    expect(nextAskMs(state, POLICY, 1)).toBeCloseTo(most);
  });

  it('doubt does not make it slower', () => {
    expect(nextAskMs({ up: true, failed: 1 }, { ...POLICY, everyS: 2 }, 0.5)).toBeCloseTo(2_000);
  });
});
