import { expect, test } from 'vitest';
import { identities, isIdentity } from '../../src/sip-server/transport/identity.ts';

test.each<[names: string, domain: string, verdict: boolean]>([
  ['DNS:pbx.example', 'PBX.example.', true],
  ['DNS:pbx.example', 'a.pbx.example', false],
  ['DNS:a.example, DNS:pbx.example', 'pbx.example', true],
  // RFC 5922 7.1: DNS names count only without sip: URIs; a user part makes it no domain; sips: is none either.
  ['URI:sip:pbx.example, DNS:other.example', 'pbx.example', true],
  ['URI:sip:pbx.example, DNS:other.example', 'other.example', false],
  ['URI:sip:alice@pbx.example, DNS:other.example', 'pbx.example', false],
  ['URI:sips:pbx.example', 'pbx.example', false],
  ['URI:https://pbx.example/', 'pbx.example', false],
  ['IP Address:192.0.2.1', '192.0.2.1', true],
  ['IP Address:2001:DB8:0:0:0:0:0:1', '2001:db8::1', true],
  ['DNS:192.0.2.1.example', '192.0.2.1', false],
  // RFC 5922 7.2.
  ['DNS:*.example', 'pbx.example', false],
  // A name that Node had to quote: whoever put a comma there wants to be read as somebody else.
  ['DNS:"x, DNS:pbx.example, y"', 'pbx.example', false],
])('%s is %s: %s', (subjectaltname, domain, verdict) => {
  expect(isIdentity(identities({ subjectaltname, subject: { CN: 'pbx.example' } }), domain)).toBe(verdict);
});

test('the common name counts only without alternative names', () => {
  expect(isIdentity(identities({ subject: { CN: 'Pbx.example' } }), 'pbx.example')).toBe(true);
  expect(isIdentity(identities({}), 'pbx.example')).toBe(false);
});

test('a wildcard stands for one label, where it is allowed', () => {
  const owner = identities({ subjectaltname: 'DNS:*.example.com' });
  const verdicts = ['a.example.com', 'a.b.example.com', 'example.com', 'aexample.com'].map((domain) =>
    isIdentity(owner, domain, true),
  );
  expect(verdicts).toEqual([true, false, false, false]);
});

test('an IPv6 address with a zone is nobody, and no exception', () => {
  expect(isIdentity(identities({ subjectaltname: 'DNS:pbx.example' }), 'fe80::1%eth0')).toBe(false);
});
