import { expect, it } from 'vitest';
import { TrunkBoard, type TrunkLimits, type TrunkState } from '../../../src/gateway/trunks/board.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';

function boardOf(trunks: Record<string, TrunkLimits>) {
  const clock = new FakeClock();
  const changes: TrunkState[] = [];
  const board = new TrunkBoard({ trunks, clock, onChange: (change) => changes.push(change) });
  const told = (): string[] => changes.map(({ trunk, up }) => `${trunk} ${up ? 'up' : 'down'}`);
  return { board, clock, changes, told };
}

it('is up until a source says otherwise, and again when none does', () => {
  const { board, clock, changes, told } = boardOf({ a: {}, b: {} });
  expect(board.isUp('a')).toBe(true);
  clock.advance(5_000);
  board.set('a', 'qualify', false, 'no answer to OPTIONS');
  board.set('a', 'registration', false, '403');
  board.set('a', 'qualify', true, 'answered');
  expect(board.isUp('a')).toBe(false);
  expect(board.isUp('b')).toBe(true);
  board.set('a', 'registration', true, 'registered');
  expect(board.isUp('a')).toBe(true);
  expect(told()).toEqual(['a down', 'a up']);
  expect(changes[0]).toMatchObject({
    sinceMs: clock.now(),
    troubles: [{ source: 'qualify', why: 'no answer to OPTIONS' }],
  });
});

it('a word for some time lapses by itself; the last one of a source counts', () => {
  const { board, clock, told } = boardOf({ a: {} });
  board.set('a', 'congestion', false, '503', 10_000);
  clock.advance(9_000);
  board.set('a', 'congestion', false, '503', 10_000);
  clock.advance(9_999);
  expect(board.isUp('a')).toBe(false);
  clock.advance(1);
  expect(board.dump()).toMatchObject([{ trunk: 'a', up: true, troubles: [] }]);
  expect(told()).toEqual(['a down', 'a up']);
});

it('takes no more than maxCalls, both ways together, and a lease gives back once', () => {
  const { board } = boardOf({ a: { maxCalls: 2 } });
  const out = board.take('a');
  const inward = board.take('a', 'in');
  if (!out.ok || !inward.ok) throw new Error('there is room for two');
  expect(board.take('a')).toEqual({ ok: false, code: 'TRUNK_FULL' });
  expect(board.take('a', 'in')).toEqual({ ok: false, code: 'TRUNK_FULL' });
  expect(board.dump()).toMatchObject([{ calls: { in: 1, out: 1 }, refused: { full: 2, rate: 0 } }]);
  out.release();
  out.release();
  expect(board.take('a').ok).toBe(true);
  expect(board.take('a').ok).toBe(false);
  inward.release();
  expect(board.dump()).toMatchObject([{ calls: { in: 0, out: 1 } }]);
});

it('places no more than callsPerSecond in any second; calls that come in are not counted', () => {
  const { board, clock } = boardOf({ a: { callsPerSecond: 2 } });
  const outcome = (): string => {
    const taken = board.take('a');
    return taken.ok ? 'ok' : taken.code;
  };
  clock.advance(60_000);
  expect([outcome(), outcome(), outcome()], 'after a rest').toEqual(['ok', 'ok', 'TRUNK_RATE']);
  expect(board.take('a', 'in').ok).toBe(true);
  clock.advance(600);
  expect(outcome()).toBe('TRUNK_RATE');
  clock.advance(400);
  expect([outcome(), outcome(), outcome()]).toEqual(['ok', 'ok', 'TRUNK_RATE']);
  expect(board.dump()).toMatchObject([{ refused: { full: 0, rate: 3 } }]);
});

it('a call refused for the limit of calls does not use up the rate', () => {
  const { board } = boardOf({ a: { maxCalls: 1, callsPerSecond: 2 } });
  const first = board.take('a');
  if (!first.ok) throw new Error('there is room for one');
  for (let i = 0; i < 5; i += 1) expect(board.take('a')).toEqual({ ok: false, code: 'TRUNK_FULL' });
  first.release();
  expect(board.take('a').ok).toBe(true);
});

it('a trunk that the configuration has not is a bug', () => {
  const { board } = boardOf({});
  expect(() => board.isUp('constructor')).toThrow('there is no trunk constructor');
});

it('begins down without a word, and tells what comes of it', () => {
  const { board, changes } = boardOf({ a: {}, b: {} });
  board.begin('a', 'registration', 'not yet registered');
  board.begin('b', 'registration', 'not yet registered');
  expect([board.isUp('a'), changes.length]).toEqual([false, 0]);
  expect(board.dump()[0]).toMatchObject({
    up: false,
    why: 'not yet registered',
    troubles: [{ source: 'registration', why: 'not yet registered' }],
  });
  board.set('a', 'registration', true, 'registered');
  board.set('b', 'registration', false, '403 Forbidden');
  board.set('b', 'registration', false, '408 Request Timeout');
  expect(changes.map(({ trunk, up, why }) => [trunk, up, why])).toEqual([
    ['a', true, 'registered'],
    ['b', false, '403 Forbidden'],
  ]);
});

it('other trunks: one that is gone is down and keeps its calls until they end, one that comes back has them', () => {
  const { board, told } = boardOf({ a: { maxCalls: 1 }, b: {} });
  const lease = board.take('a');
  if (!lease.ok) throw new Error('there is room for one');
  board.replace({ b: {}, c: {} });
  expect([board.isUp('a'), board.isUp('b'), board.isUp('c')]).toEqual([false, true, true]);
  expect(board.take('a').ok).toBe(false);
  expect(board.dump().map(({ trunk }) => trunk)).toContain('a');
  // The same trunk again, with more room: its call counts.
  board.replace({ a: { maxCalls: 2 }, b: {}, c: {} });
  expect([board.take('a').ok, board.take('a').ok]).toEqual([true, false]);
  board.replace({ b: {} });
  lease.release();
  expect(told().filter((each) => each.startsWith('b'))).toEqual([]);
});

it('other limits: the calls and words there are go on, a new rate begins anew, an old one does not', () => {
  const { board, clock } = boardOf({ a: { callsPerSecond: 1 } });
  board.set('a', 'congestion', false, '503', 10_000);
  expect([board.take('a').ok, board.take('a').ok]).toEqual([true, false]);
  board.replace({ a: { callsPerSecond: 1, maxCalls: 5 } });
  // A reload is no second more.
  expect(board.take('a')).toEqual({ ok: false, code: 'TRUNK_RATE' });
  expect(board.dump()).toMatchObject([
    { up: false, calls: { in: 0, out: 1 }, limits: { maxCalls: 5, callsPerSecond: 1 }, refused: { rate: 2 } },
  ]);
  board.replace({ a: { callsPerSecond: 2 } });
  expect([board.take('a').ok, board.take('a').ok, board.take('a').ok]).toEqual([true, true, false]);
  board.replace({ a: {} });
  expect([board.take('a').ok, board.take('a').ok]).toEqual([true, true]);
  clock.advance(10_000);
  expect(board.isUp('a')).toBe(true);
});

it('a trunk that comes back is a new one: nothing that was said of it before counts', () => {
  const { board, told } = boardOf({ a: {}, b: {} });
  board.set('a', 'qualify', false, 'no answer');
  board.replace({ b: {} });
  expect(board.dump().map(({ trunk }) => trunk)).toEqual(['b']);
  // What is said of one that is gone is no news.
  board.set('a', 'qualify', true, '200');
  board.set('a', 'qualify', false, 'no answer');
  board.replace({ a: {}, b: {} });
  expect(board.isUp('a')).toBe(true);
  expect(board.dump().map(({ trunk, up }) => [trunk, up])).toEqual([
    ['a', true],
    ['b', true],
  ]);
  expect(told()).toHaveLength(1);
});
