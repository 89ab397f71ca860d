import { describe, expect, it } from 'vitest';
import { TEMPLATE_NAMES } from '../../src/config/schema-identity.ts';
import { invitePlan, userToUserText } from '../../src/routing/index.ts';

const caller = {
  callId: 'c_1',
  pageId: '102',
  psid: '7654321098765432',
  number: '701',
  name: 'Amina Otieno',
  platform: 'whatsapp',
  rule: 'desk',
} as const;
const target = { uri: 'sip:1001@pbx.example.com' };
const none = { add: {}, remove: [] };
const headersOf = (
  headers: { add?: Record<string, string>; remove?: string[] },
  who: Parameters<typeof invitePlan>[2] = caller,
) => invitePlan(target, { headers: { ...none, ...headers } }, who).headers;

describe('header rules', () => {
  it('fill every name of a template that the configuration lets through', () => {
    const template = TEMPLATE_NAMES.map((name) => `{${name}}`).join('|');
    expect(headersOf({ add: { 'X-All': template } })['X-All']).toBe(
      'c_1|102|7654321098765432|Amina Otieno|701|whatsapp|desk',
    );
    expect(headersOf({ add: { 'X-All': '{constructor}{other}' } })).not.toHaveProperty('X-All');
  });

  it('take headers of ours away, by name in any case or by how they begin', () => {
    expect(Object.keys(headersOf({ remove: ['x-meta-PSID', 'p-asserted-identity'] }))).toEqual([
      'X-Meta-Call-Id',
      'X-Meta-Page-Id',
      'X-Meta-Platform',
      'X-Meta-VoIP-Only',
    ]);
    expect(Object.keys(headersOf({ remove: ['X-Meta-*'], add: { 'X-Mine': '1' } }))).toEqual([
      'P-Asserted-Identity',
      'X-Mine',
    ]);
  });

  it('replace a header of ours, whatever its case', () => {
    const headers = headersOf({ add: { 'p-asserted-identity': '<sip:{number}@example.com>' } });
    expect(headers).not.toHaveProperty('P-Asserted-Identity');
    expect(headers['p-asserted-identity']).toBe('<sip:701@example.com>');
  });

  it.each([
    'x\r\nVia: evil',
    '"; x="',
    '<sip:evil@example.com>, "y',
    'a\u2028b\u0085c\0',
    '\\',
    `${'A'.repeat(65_536)}"<>;,`,
    '\uD800broken',
  ])('let no name write more than a name: %.40j', (name) => {
    const evil = { ...caller, name, psid: name, callId: name, pageId: name, number: name, rule: name };
    const template = TEMPLATE_NAMES.map((each) => `{${each}}`).join(' ');
    const plan = invitePlan(
      target,
      {
        headers: { add: { 'X-Plain': `a;b=${template}`, 'X-Quoted': `"${template}";c=d` }, remove: [] },
        userToUser: { template, encoding: 'ascii' },
      },
      evil,
    );
    for (const value of Object.values(plan.headers)) {
      expect(value).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      expect(value.length).toBeLessThanOrEqual(1_100);
    }
    expect(plan.headers['X-Plain']).toMatch(/^a;b=[^"\\<>,;]*$/);
    if (plan.headers['X-Quoted']?.endsWith(';c=d'))
      expect(plan.headers['X-Quoted']).toMatch(/^"[^"\\]*";c=d$/);
    else expect(plan.headers['X-Quoted']).toMatch(/^"[^"\\]*$/);
    expect(plan.headers['User-to-User']).toMatch(/^"[^"\\]{0,128}";encoding=ascii$/);
  });
});

describe('User-to-User', () => {
  const sent = (rule: object, name = 'Amina Otieno') =>
    invitePlan(
      target,
      { userToUser: { template: '{name} {psid}', encoding: 'hex', ...rule } },
      { ...caller, name },
    ).headers['User-to-User'] ?? '';

  it('is hexadecimal of UTF-8, with a discriminator where one is wanted, and reads back', () => {
    expect(sent({})).toBe(`${Buffer.from('Amina Otieno 7654321098765432').toString('hex')};encoding=hex`);
    expect(userToUserText(sent({}))).toBe('Amina Otieno 7654321098765432');
    expect(sent({ discriminator: 4 })).toMatch(/^04416d696e61/);
    expect(userToUserText(sent({ discriminator: 4 }))).toBe('Amina Otieno 7654321098765432');
    expect(sent({ encoding: 'ascii' })).toBe('"Amina Otieno 7654321098765432";encoding=ascii');
    expect(userToUserText(sent({ encoding: 'ascii' }))).toBe('Amina Otieno 7654321098765432');
  });

  it('has 128 bytes at most, and never half a character', () => {
    const value = sent({ template: 'ж'.repeat(300), discriminator: 0 });
    expect(value).toMatch(/^[0-9a-f]{254};encoding=hex$/);
    expect(userToUserText(value)).toBe('ж'.repeat(63));
  });

  it.each([
    ['48656c6c6f', 'Hello'],
    ['048656', undefined],
    ['0448656c6c6f;purpose=isdn-uui;encoding=hex;content=isdn-uui', 'Hello'],
    ['fffe;encoding=hex', undefined],
    ['480d0a;encoding=hex', undefined],
    ['"order 5";encoding=ascii', 'order 5'],
    ['"48656c6c6f";encoding=hex', 'Hello'],
    ['', undefined],
    [';encoding=hex', undefined],
    ['"'.repeat(65_536), undefined],
    [`${' '.repeat(65_536)}x`, undefined],
  ])('reads %j', (value, text) => {
    expect(userToUserText(value)).toBe(text);
  });
});
