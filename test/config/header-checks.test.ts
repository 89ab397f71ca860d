import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { cleanHeaders } from '../../src/sip/headers.ts';
import { configOf, example, problemsOf } from './example.ts';

const trunkWith = (more: object): string => {
  const yaml = parse(example) as { trunks: Record<string, object> };
  const [name = ''] = Object.keys(yaml.trunks);
  yaml.trunks[name] = { ...yaml.trunks[name], ...more };
  return stringify(yaml);
};
const told = (more: object): string[] =>
  problemsOf(trunkWith(more)).map(({ key, message, remedy }) => `${key}: ${message} ${remedy}`);

it('knows what a trunk is told of the caller without being asked', () => {
  const [trunk] = Object.values(configOf(example).trunks);
  expect(trunk).toMatchObject({
    callerId: { headers: ['pai'], privacy: 'none', trusted: false },
    headers: { add: {}, remove: [], copy: [], tellMeta: [] },
  });
});

const NAMES = (
  'Via From To Call-ID CSeq Contact Content-Length Content-Type Max-Forwards Route Record-Route Allow Supported ' +
  'Require User-Agent Proxy-Require Authorization Proxy-Authorization RSeq RAck Transfer-Encoding v f t i m l c k'
).split(' ');

it.each(NAMES)('refuses a rule that writes or removes %s, which the SIP leg would drop anyway', (name) => {
  expect(cleanHeaders({ [name]: 'x' }).headers).toEqual({});
  expect(told({ headers: { add: { [name]: 'x' } } })).toEqual([
    expect.stringMatching(
      new RegExp(`^trunks\\.\\w+\\.headers\\.add\\.${name}: .* is written by the SIP stack\\. `),
    ),
  ]);
  expect(told({ headers: { remove: [name] } })).toHaveLength(1);
});

it.each([
  [{ headers: { add: { From: 'x' } } }, /Use callerId\.from\./],
  [{ headers: { add: { 'X-Meta-Psid': 'x' } } }, /the gateway's own.*remove takes ours away/],
  [{ headers: { add: { 'X-A': '{pside}' } } }, /nothing is called \{pside\}\. Did you mean \{psid\}\?/],
  [{ headers: { add: { 'X-A': 'a\r\nVia: b' } } }, /no text of one line/],
  [{ headers: { add: { 'X-A': 'a'.repeat(513) } } }, /is longer than 512 characters/],
  [{ headers: { add: { 'X A': 'a' } } }, /this is no name/],
  [{ headers: { add: { 'X-A': '1', 'x-a': '2' } } }, /there twice/],
  [{ headers: { remove: ['X Y'] } }, /no header name/],
  [{ headers: { copy: ['X-*'] } }, /Write the whole name/],
  [{ headers: { copy: ['Authorization'] } }, /signs the request/],
  [{ callerId: { from: 'trunk' } }, /Add callerId\.fromUser, or credentials/],
  [
    { callerId: { privacy: 'hidden' }, headers: { add: { 'X-A': '{name}' } } },
    /tells what callerId\.privacy: hidden hides/,
  ],
  [
    { callerId: { privacy: 'hidden' }, userToUser: { template: '{number}' } },
    /userToUser\.template: \{number\} tells/,
  ],
  [{ userToUser: { template: '{nmae}' } }, /Did you mean \{name\}\?/],
])('refuses %.80j', (more, text) => {
  expect(told(more).join('\n')).toMatch(text);
});

it('takes rules that fit', () => {
  const config = configOf(
    trunkWith({
      callerId: { headers: ['pai', 'rpid'], from: 'trunk', fromUser: 'gw', privacy: 'id', trusted: true },
      headers: {
        add: { 'X-Order': '{callId}' },
        remove: ['X-Meta-*'],
        copy: ['User-to-User'],
        tellMeta: ['X-A'],
      },
      userToUser: { template: '{psid}', discriminator: 4 },
    }),
  );
  expect(Object.values(config.trunks)[0]).toMatchObject({ userToUser: { encoding: 'hex' } });
});
