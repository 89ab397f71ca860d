import { describe, expect, it } from 'vitest';
import { idOf, numberOf, parseJsonLossless, timeMsOf } from '../../src/meta/json.ts';

const value = (text: string): unknown => {
  const parsed = parseJsonLossless(text);
  return parsed.ok ? parsed.value : new Error(parsed.error);
};

describe('JSON without losing ids', () => {
  it('keeps integers beyond 2^53 as text, wherever they stand', () => {
    expect(value('{"id":9007199254740993,"ids":[ 102030405060708090 ,1],"n":{"x":-1}}')).toEqual({
      id: '9007199254740993',
      ids: ['102030405060708090', 1],
      n: { x: -1 },
    });
    expect(value('12345678901234567890')).toBe('12345678901234567890');
  });

  it('leaves short numbers, fractions, exponents and negative numbers alone', () => {
    const text =
      '[123456789012345,0.1234567890123456789,1.5e10,1e1,12345678901234567.5,-12345678901234567890]';
    expect(value(text)).toEqual(JSON.parse(text));
    expect(value('[1E-1234567890123456,1e-1234567890123456]')).toEqual([0, 0]);
  });

  it('leaves digits in strings and keys alone, also behind escaped quotes', () => {
    const text = '{"a\\"1234567890123456789":"x\\\\","b":"\\"1234567890123456789","c":1234567890123456789}';
    expect(value(text)).toEqual({
      'a"1234567890123456789': 'x\\',
      b: '"1234567890123456789',
      c: '1234567890123456789',
    });
  });

  it('takes a byte order mark', () => {
    expect(value('\ufeff{"a":1}')).toEqual({ a: 1 });
  });

  it('says where it is wrong, and never what it read', () => {
    for (const text of ['{"name":"Amina Otieno", x}', 'Amina Otieno', '{"token":"EAAB123', '']) {
      const parsed = parseJsonLossless(text);
      expect(parsed.ok).toBe(false);
      if (!parsed.ok) expect(parsed.error).toMatch(/^(at position \d+|it is empty|it breaks the grammar)$/);
    }
  });

  it('survives a nesting of a hundred thousand', () => {
    const text = `${'['.repeat(100_000)}1234567890123456789${']'.repeat(100_000)}`;
    expect(parseJsonLossless(text).ok).toBe(true);
    expect(parseJsonLossless('['.repeat(100_000)).ok).toBe(false);
  });
});

describe('ids', () => {
  it('are visible ASCII or whole numbers', () => {
    expect([idOf('c_9-Z'), idOf(42), idOf('wacid.Zx==')]).toEqual(['c_9-Z', '42', 'wacid.Zx==']);
    for (const bad of [
      '',
      'a b',
      'a\r\nX-Evil: 1',
      'ü',
      'x'.repeat(513),
      1.5,
      -1,
      2 ** 60,
      null,
      true,
      {},
      [],
    ]) {
      expect(idOf(bad)).toBeUndefined();
    }
  });
});

describe('times', () => {
  it.each([
    ['seconds', 1_789_000_000, 1_789_000_000_000],
    ['seconds as text', '1789000000', 1_789_000_000_000],
    ['milliseconds', 1_789_000_000_123, 1_789_000_000_123],
    ['milliseconds as text', ' 1789000000123 ', 1_789_000_000_123],
    ['fractions of a second', 1_789_000_000.25, 1_789_000_000_250],
  ])('takes %s', (_name, given, ms) => {
    expect(timeMsOf(given)).toBe(ms);
  });

  it('takes nothing else', () => {
    for (const bad of [0, -5, '', 'soon', '0x10', '1e9', null, true, [], 1e300, Number.NaN]) {
      expect(timeMsOf(bad)).toBeUndefined();
    }
    expect(numberOf('Infinity')).toBeUndefined();
  });
});
