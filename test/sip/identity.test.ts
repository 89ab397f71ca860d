import { expect, it } from 'vitest';
import { assertedIdentity } from '../../src/sip/index.ts';

const of = (headers: Record<string, string>) => assertedIdentity((name) => headers[name]);

it.each([
  [{ 'p-asserted-identity': '"Ann" <sip:201@pbx>' }, { user: '201', displayName: 'Ann', isPrivate: false }],
  [{ 'p-asserted-identity': '<tel:+4930123>, "B, C" <sips:b@pbx>' }, { user: 'b', displayName: 'B, C' }],
  [{ 'p-asserted-identity': 'tel:+4930123' }, { user: '+4930123' }],
  [{ 'remote-party-id': '"Ann" <sip:201@pbx>;party=called;privacy=full' }, { user: '201', isPrivate: true }],
  [{ 'remote-party-id': '<sip:201@pbx>;screen=yes;privacy=off' }, { user: '201', isPrivate: false }],
  [
    { 'p-asserted-identity': '<sip:1@pbx>', 'remote-party-id': '<sip:2@pbx>', privacy: 'header;id' },
    { user: '1', isPrivate: true },
  ],
  [{ 'p-asserted-identity': '<sip:a%0d%0aVia:@pbx>' }, { user: 'a Via' }],
  [{ 'p-asserted-identity': '"x" <http://evil>' }, undefined],
  [{ 'p-asserted-identity': '' }, undefined],
  [{}, undefined],
])('reads %j', (headers, identity) => {
  if (identity === undefined) expect(of(headers)).toBeUndefined();
  else expect(of(headers)).toMatchObject(identity);
});

it('is short and of one line, whatever came', () => {
  for (const evil of [
    '"'.repeat(65_536),
    '<'.repeat(65_536),
    `"${'n'.repeat(65_536)}" <sip:${'u'.repeat(9_999)}@pbx>`,
    `${'"a" <sip:b@c>,'.repeat(9_999)}`,
  ]) {
    const identity = of({ 'p-asserted-identity': evil, 'remote-party-id': evil, privacy: evil });
    if (!identity) continue;
    expect(identity.user.length).toBeLessThanOrEqual(128);
    expect(identity.displayName.length).toBeLessThanOrEqual(128);
    expect(identity.uri.length).toBeLessThanOrEqual(512);
  }
});
