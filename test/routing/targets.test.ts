import { expect, test } from 'vitest';
import { targetsOfPage } from '../../src/routing/index.ts';
import { INPUT } from './input.ts';

test('a page is rung at its route, in order', () => {
  const result = targetsOfPage(INPUT, '102');
  expect(result).toEqual({
    ok: true,
    value: [
      { name: 'pbx/1001', trunk: 'pbx', user: '1001', uri: 'sip:1001@192.0.2.10', ringTimeoutMs: 15_000 },
      {
        name: 'office/sales queue',
        trunk: 'office',
        user: 'sales queue',
        uri: 'sip:sales%20queue@pbx.example.com:5062;transport=tcp',
        ringTimeoutMs: undefined,
      },
      {
        name: 'pbx/1001#2',
        trunk: 'pbx',
        user: '1001',
        uri: 'sip:1001@192.0.2.10',
        ringTimeoutMs: undefined,
      },
    ],
  });
});

test.each([
  ['999', 'ROUTING_UNKNOWN_PAGE'],
  ['constructor', 'ROUTING_UNKNOWN_PAGE'],
  ['103', 'ROUTING_EMPTY_ROUTE'],
  ['104', 'ROUTING_UNKNOWN_ROUTE'],
  ['105', 'ROUTING_UNKNOWN_TRUNK'],
  ['106', 'ROUTING_BAD_ADDRESS'],
])('page %s: %s', (pageId, code) => {
  const result = targetsOfPage(INPUT, pageId);
  expect(result.ok ? undefined : result.error.code).toBe(code);
});

test('priority and weight of a target go with it', () => {
  const targets = [{ trunk: 'pbx', user: '1', priority: 10, weight: 70 }];
  const result = targetsOfPage({ ...INPUT, routes: { sales: { targets } } }, '102');
  expect(result).toMatchObject({ ok: true, value: [{ name: 'pbx/1', priority: 10, weight: 70 }] });
});
