import { expect, test } from 'vitest';
import { displayName, FALLBACK_NAME, MAX_NAME_LENGTH } from '../../src/routing/index.ts';

test.each([
  ['Amina Otieno', 'Amina Otieno'],
  ['  Amina \t Otieno ', 'Amina Otieno'],
  ['Eve"\r\nX-Evil: 1', 'Eve X-Evil: 1'],
  ['a\\b<sip:x@y>', 'a b sip:x@y'],
  ['Zoë 李 🙂', 'Zoë 李 🙂'],
  ['ev\u202Eil\u0000\u0085\u2028', 'evil'],
  ['\u0645\u06CC\u200C\u0646', '\u0645\u06CC\u200C\u0646'],
  ['\uD800Ann', 'Ann'],
])('%o', (raw, shown) => {
  expect(displayName(raw)).toBe(shown);
});

test.each([undefined, '', ' \r\n', '""', '\u200B\u200D'])('nothing to show in %o', (raw) => {
  expect(displayName(raw)).toBe(FALLBACK_NAME);
});

test('long names are cut between code points', () => {
  const shown = displayName('🙂'.repeat(200));
  expect([...shown]).toHaveLength(MAX_NAME_LENGTH);
  expect(shown.isWellFormed()).toBe(true);
});
