import { describe, expect, it } from 'vitest';
import {
  chooseOutbound,
  mayCallAs,
  type OutboundRule,
  psidOf,
  trunksAt,
  waIdOf,
} from '../../src/routing/index.ts';

const PAGE = '102030405060708';
const rule = (more: Partial<OutboundRule> = {}): OutboundRule => ({
  trunk: 'pbx',
  page: PAGE,
  holdTellsMeta: false,
  requestPermission: false,
  ...more,
});
const choose = (
  rules: readonly OutboundRule[],
  number: string,
  more: { trunk?: string; caller?: string; headers?: Record<string, string> } = {},
) =>
  chooseOutbound(rules, {
    trunk: more.trunk ?? 'pbx',
    number,
    caller: more.caller ?? '201',
    header: (name) => more.headers?.[name],
    isPage: (id) => id === PAGE || id === '999',
  });

describe('an outbound rule', () => {
  it('takes its prefix away', () => {
    expect(choose([rule({ prefix: '81' })], '817654321098765432')).toMatchObject({
      ok: true,
      pageId: PAGE,
      number: '7654321098765432',
    });
  });

  it('the first that fits counts', () => {
    const rules = [rule({ prefix: '9', page: '999' }), rule({ caller: '202', page: '999' }), rule()];
    expect(choose(rules, '91')).toMatchObject({ pageId: '999', number: '1' });
    expect(choose(rules, '1', { caller: '202' })).toMatchObject({ pageId: '999', number: '1' });
    expect(choose(rules, '1')).toMatchObject({ pageId: PAGE });
    expect(choose(rules, '9'), 'a prefix alone is no number with it').toMatchObject({ pageId: PAGE });
  });

  it('a header names the Page; without it the page of the rule', () => {
    const rules = [rule({ pageHeader: 'X-Page' })];
    expect(choose(rules, '1', { headers: { 'X-Page': ' 999 ' } })).toMatchObject({ pageId: '999' });
    expect(choose(rules, '1')).toMatchObject({ pageId: PAGE });
  });

  it('looks at headers of the INVITE: all that it names must be there, and fit', () => {
    const rules = [rule({ page: '999', headers: { 'X-Queue': 'support*', 'X-Site': '*' } }), rule()];
    const page = (headers: Record<string, string>) => choose(rules, '1', { headers });
    expect(page({ 'X-Queue': ' support-de ', 'X-Site': 'x' })).toMatchObject({ pageId: '999' });
    expect(page({ 'X-Queue': 'sales', 'X-Site': 'x' })).toMatchObject({ pageId: PAGE });
    expect(page({ 'X-Queue': 'support' })).toMatchObject({ pageId: PAGE });
  });

  it.each([
    ['a trunk without rules', [rule()], { trunk: 'other' }, 403],
    ['no rule for this number', [rule({ prefix: '9' })], {}, 404],
    ['a Page that is not ours', [rule({ pageHeader: 'P' })], { headers: { P: '5' } }, 404],
    [
      'a missing header and no page',
      [{ trunk: 'pbx', pageHeader: 'P', requestPermission: false, holdTellsMeta: false }],
      {},
      400,
    ],
  ])('%s is refused', (_, rules, more, status) => {
    expect(choose(rules, '12345', more)).toMatchObject({ ok: false, status });
  });
});

it('a trunk may call as the Pages that its rules name, and as any where a header names it', () => {
  const rules = [rule(), rule({ trunk: 'open', pageHeader: 'P' })];
  expect(mayCallAs(rules, 'pbx', PAGE)).toBe(true);
  expect(mayCallAs(rules, 'pbx', '999')).toBe(false);
  expect(mayCallAs(rules, 'open', '999')).toBe(true);
  expect(mayCallAs(rules, 'nobody', PAGE)).toBe(false);
});

it('a PSID is digits, and no short number', () => {
  expect(psidOf('7654321098765432')).toBe('7654321098765432');
  for (const number of ['', '7001', 'alice', '7654321098765432x', '+491701234567']) {
    expect(psidOf(number), number).toBeUndefined();
  }
});

it('trunks are known by where their INVITEs come from', () => {
  const trunks = {
    named: { host: 'pbx.example.com', from: ['192.0.2.0/28', '2001:db8::1'] },
    plain: { host: '192.0.2.20' },
    lost: { host: 'pbx.example.com' },
    wide: { host: '198.51.100.1', from: ['198.51.100.0/24'] },
    narrow: { host: '198.51.100.1' },
  };
  expect(trunksAt(trunks, '192.0.2.5')).toEqual(['named']);
  expect(trunksAt(trunks, '::ffff:192.0.2.5')).toEqual(['named']);
  expect(trunksAt(trunks, '2001:db8::1')).toEqual(['named']);
  expect(trunksAt(trunks, '192.0.2.20')).toEqual(['plain']);
  expect(trunksAt(trunks, '198.51.100.1')).toEqual(['wide', 'narrow']);
  expect(trunksAt(trunks, '192.0.2.21')).toEqual([]);
  expect(trunksAt(trunks, '')).toEqual([]);
});

it('a wa_id is a telephone number as keypads dial it', () => {
  expect(waIdOf('254711000002')).toBe('254711000002');
  expect(waIdOf('+254711000002')).toBe('254711000002');
  for (const number of ['', '12', '0711000002', '7654321098765432', '+', '25471100x002', '++254711000002']) {
    expect(waIdOf(number), number).toBeUndefined();
  }
});
