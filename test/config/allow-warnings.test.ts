import { describe, expect, it } from 'vitest';
import { configWarnings } from '../../src/config/index.ts';
import { configOf, example, problemsOf, with_ } from './example.ts';

/** The example with these peers, and its trunk with more lines. */
const listening = (allow: string, more: string): string =>
  example
    .replace(/^ {2}allow: .*$/m, `  allow: ${allow}`)
    .replace('    port: 5060\n', `    port: 5060\n${more}`);
const warningsOf = (allow: string, more: string): object[] => [
  ...configWarnings(configOf(listening(allow, more))),
];
const REGISTER = '    register: { user: gw, servers: [192.0.2.30, "198.51.100.7:5080"] }\n';

describe('trunks whose own calls the SIP server would drop', () => {
  it.each([
    ['[192.0.2.0/24, 198.51.100.7]', REGISTER],
    ['[0.0.0.0/0]', REGISTER],
    // It sends nothing of its own: its answers are heard from anybody.
    ['[203.0.113.1]', ''],
  ])('none: allow %s', (allow, more) => {
    expect(warningsOf(allow, more)).toEqual([]);
  });

  it('names the registrars that are not let in', () => {
    expect(warningsOf('[192.0.2.20]', REGISTER)).toEqual([
      {
        key: 'trunks.pbx',
        message: 'its registrar sends us calls, and sip.allow drops what 192.0.2.30, 198.51.100.7 sends.',
        remedy: 'Add the address to sip.allow, or to allow of a listener.',
      },
    ]);
  });

  it('wants all of a network, and looks at names only where nobody is let in', () => {
    const from = (entry: string): string =>
      `    from: ["${entry}"]\n    register: { user: gw, servers: [pbx.example] }\n`;
    expect(warningsOf('[192.0.2.0/25]', from('192.0.2.0/24'))).toMatchObject([{ key: 'trunks.pbx' }]);
    expect(warningsOf('[192.0.2.0/24]', from('192.0.2.0/25'))).toEqual([]);
    expect(warningsOf('[]', '    register: { user: gw, servers: [pbx.example] }\n')).toMatchObject([
      { message: expect.stringContaining('192.0.2.20, pbx.example') },
    ]);
  });
});

it('conditions on headers are for calls of phones', () => {
  const rules = 'routing: { rules: [{ when: { headers: { X-Queue: "a*" } }, reject: true }] }\n';
  expect(problemsOf(`${example}\n${rules}`)).toMatchObject([
    {
      key: 'routing.rules[0].when.headers',
      message: 'a call of a consumer comes by webhook and has no headers.',
      remedy: expect.stringContaining('outbound.rules[].headers'),
    },
  ]);
});

it('there is one realm', () => {
  const text = with_(/^sip:\n/m, 'sip:\n  registrar: { realm: x, accounts: [] }\n');
  expect(problemsOf(text)).toContainEqual(
    expect.objectContaining({ key: 'sip.registrar.realm', remedy: 'Set sip.realm.' }),
  );
});
