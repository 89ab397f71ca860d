import { expect, it } from 'vitest';
import { CallerGate, type CallerTrunk } from '../../src/gateway/caller-gate.ts';
import { CallerTries } from '../../src/gateway/caller-tries.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { authorize, parseChallenges } from '../../src/sip/digest.ts';

const trunk = (more: Partial<CallerTrunk>): CallerTrunk => ({
  host: '192.0.2.20',
  codecs: ['PCMU'],
  dtmf: 'auto',
  ptimeMs: 20,
  srtp: 'off',
  ...more,
});
const DIGEST = { realm: 'gateway.example', algorithm: 'MD5', now: () => 1_000 } as const;
/** Nobody is registered. */
const NOWHERE = { registeredAt: () => [] };
const tries = (clock = new FakeClock()): CallerTries => new CallerTries(clock);
const URI = 'sip:7001@gateway';
const DESK = { username: 'desk', password: 'secret' };

const invite = (address: string, authorization?: string, port = 5060) => ({
  uri: URI,
  user: '7001',
  source: { protocol: 'udp', address, port },
  header: (name: string) => (name === 'authorization' ? authorization : undefined),
});
const sign = (challenge: string, credentials = DESK): string =>
  authorize(parseChallenges(challenge)[0]!, { method: 'INVITE', uri: URI, body: '' }, credentials, 'c0ffee');

it('the address alone where a trunk wants no digest', () => {
  const gate = new CallerGate({ pbx: trunk({}) }, DIGEST, NOWHERE, tries());
  expect(gate.admit(invite('192.0.2.20'))).toMatchObject({ ok: true, name: 'pbx' });
  expect(gate.admit(invite('192.0.2.21'))).toEqual({ ok: false, status: 403, phrase: 'Unknown Trunk' });
});

it('address and digest where it does; the name tells trunks at one address apart', () => {
  const other = { username: 'queue', password: 'other' };
  const gate = new CallerGate(
    { pbx: trunk({ callers: DESK }), queue: trunk({ callers: other }) },
    { ...DIGEST, algorithm: 'SHA-256' },
    NOWHERE,
    tries(),
  );
  const asked = gate.admit(invite('192.0.2.20'));
  if (asked.ok) throw new Error('nobody showed a password');
  expect(asked).toMatchObject({ status: 401 });
  const challenge = asked.headers?.['WWW-Authenticate'] ?? '';
  expect(gate.admit(invite('192.0.2.20', sign(challenge, other)))).toMatchObject({ ok: true, name: 'queue' });
  expect(gate.admit(invite('192.0.2.20', sign(challenge))), 'used up').toMatchObject({
    status: 401,
    headers: { 'WWW-Authenticate': expect.stringMatching(/stale=true/) },
  });
  expect(gate.admit(invite('198.51.100.1', sign(challenge))), 'from elsewhere').toMatchObject({
    status: 403,
  });
});

it('a trunk without digest at the same address takes who shows none, not who shows a wrong one', () => {
  const gate = new CallerGate({ pbx: trunk({ callers: DESK }), open: trunk({}) }, DIGEST, NOWHERE, tries());
  expect(gate.admit(invite('192.0.2.20'))).toMatchObject({ ok: true, name: 'open' });
  const forged = 'Digest realm="gateway.example", username="desk", nonce="x", uri="x", response="x"';
  expect(gate.admit(invite('192.0.2.20', forged))).toMatchObject({ ok: false, status: 401 });
});

it('where our registrar is, the trunk that is registered there, whatever its host is called', () => {
  const [one, two] = [trunk({ host: 'pbx.example' }), trunk({ host: 'pbx.example' })];
  const registeredAt = (address: string, user: string) =>
    address === '192.0.2.20' ? [{ name: 'two', isOurContact: user === '7001' }] : [];
  const gate = new CallerGate({ one, two }, DIGEST, { registeredAt }, tries());
  expect(gate.admit(invite('192.0.2.20'))).toEqual({ ok: true, name: 'two', trunk: two, isOurContact: true });
  expect(gate.admit(invite('192.0.2.21'))).toMatchObject({ ok: false, status: 403 });
});

it('ten wrong passwords shut an address out, the right one too; a phone that had it before goes on', () => {
  const clock = new FakeClock();
  const gate = new CallerGate({ pbx: trunk({ callers: DESK }) }, DIGEST, NOWHERE, tries(clock));
  const shown = (port: number, password: string): { ok: boolean; status?: number } => {
    const asked = gate.admit(invite('192.0.2.20', undefined, port));
    if (asked.ok) throw new Error('nobody showed a password');
    // Who shows none is asked for one as ever.
    expect(asked.status).toBe(401);
    const challenge = asked.headers?.['WWW-Authenticate'] ?? '';
    return gate.admit(invite('192.0.2.20', sign(challenge, { ...DESK, password }), port));
  };
  expect(shown(5060, DESK.password)).toMatchObject({ ok: true });
  for (let i = 0; i < 10; i++) expect(shown(6000, `guess ${i}`)).toMatchObject({ status: 401 });
  expect(shown(6000, DESK.password)).toEqual({
    ...{ ok: false, status: 403, phrase: 'Too Many Wrong Passwords' },
    headers: { 'Retry-After': '300' },
  });
  expect(shown(6001, 'another guess')).toMatchObject({ status: 403 });
  expect(shown(5060, DESK.password)).toMatchObject({ ok: true });
  clock.advance(300_000);
  expect(shown(6000, DESK.password)).toMatchObject({ ok: true });
});
