import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { authorize, parseChallenges } from '../../src/sip/digest.ts';
import { Registrar, type RegistrarOptions } from '../../src/sip/index.ts';

const URI = 'sip:gateway.example';
const BOB = { username: 'bob', password: 'open sesame' };
const FLOW = { protocol: 'udp', address: '192.0.2.30', port: 5062 };
const CONTACT = '<sip:bob@10.0.0.5:5060>';

function registrar(more: Partial<RegistrarOptions> = {}) {
  const clock = new FakeClock();
  const changes: string[] = [];
  const made = new Registrar({
    realm: 'gateway',
    algorithm: 'MD5',
    accounts: [
      { user: 'bob', password: BOB.password },
      { user: 'amy', password: 'other' },
    ],
    expires: { minS: 60, defaultS: 300, maxS: 3_600 },
    maxContacts: 2,
    clock,
    log: silentLog,
    onChange: (user) => changes.push(user),
    ...more,
  });
  let cseq = 0;
  const send = (headers: Record<string, string>, source = FLOW) => {
    cseq += 1;
    const all: Record<string, string> = {
      to: '<sip:bob@gateway.example>',
      cseq: `${cseq} REGISTER`,
      ...headers,
    };
    return made.answer({ uri: URI, callId: headers['call-id'] ?? 'c1', source, header: (name) => all[name] });
  };
  const challenge = (source = FLOW): string => send({}, source).headers['WWW-Authenticate'] ?? '';
  const signed = (value: string, credentials = BOB): string =>
    authorize(parseChallenges(value)[0]!, { method: 'REGISTER', uri: URI, body: '' }, credentials, 'c0ffee');
  /** With the right digest. */
  const register = (headers: Record<string, string>, source = FLOW, credentials = BOB) =>
    send({ ...headers, authorization: signed(challenge(source), credentials) }, source);
  const contacts = (): string[] => made.bindings('bob').map(({ contact }) => contact);
  return { made, clock, changes, send, challenge, signed, register, contacts };
}

describe('the registrar', () => {
  it('binds a phone that knows its password to where it came from, until that lapses', () => {
    const { made, clock, changes, register, contacts } = registrar();
    const answer = register({ contact: CONTACT });
    expect(answer).toEqual({ status: 200, headers: { Contact: `${CONTACT};expires=300` } });
    expect(made.bindings('bob')).toMatchObject([{ contact: 'sip:bob@10.0.0.5:5060', flow: FLOW }]);
    expect(changes).toEqual(['bob']);
    expect(made.nextEndMs()).toBe(clock.monotonic() + 300_000);
    clock.advance(299_999);
    expect(contacts()).toHaveLength(1);
    clock.advance(1);
    expect(contacts()).toEqual([]);
    expect(made.nextEndMs()).toBeUndefined();
  });

  it('takes the expiry of the Contact before that of the header, and no more than the longest', () => {
    const { register } = registrar();
    const granted = (headers: Record<string, string>): string | undefined =>
      register(headers).headers['Contact']?.split('expires=')[1];
    expect(granted({ contact: `${CONTACT};expires=120`, expires: '90' })).toBe('120');
    expect(granted({ contact: CONTACT, expires: '90' })).toBe('90');
    expect(granted({ contact: CONTACT, expires: '90000' })).toBe('3600');
    expect(granted({ contact: CONTACT, expires: 'soon' })).toBe('300');
    expect(register({ contact: CONTACT, expires: '59' })).toMatchObject({
      status: 423,
      headers: { 'Min-Expires': '60' },
    });
  });

  it('asks everybody for the password, and takes no answer twice', () => {
    const { made, send, challenge, signed } = registrar();
    expect(send({ contact: CONTACT })).toMatchObject({ status: 401 });
    const authorization = signed(challenge());
    expect(send({ contact: CONTACT, authorization })).toMatchObject({ status: 200 });
    const again = send({ contact: '<sip:thief@198.51.100.1>', authorization });
    expect(again).toMatchObject({
      status: 401,
      headers: { 'WWW-Authenticate': expect.stringMatching(/stale=true/) },
    });
    expect(made.bindings('bob')).toHaveLength(1);
  });

  it('nobody registers for another, whatever the password', () => {
    const { made, register } = registrar();
    const answer = register({ contact: CONTACT, to: '<sip:amy@gateway.example>' });
    expect(answer.status).toBe(403);
    expect(made.bindings('amy')).toEqual([]);
  });

  it('shuts an address out after ten wrong passwords, but not the phone that is registered there', () => {
    const { clock, challenge, signed, send, register } = registrar();
    register({ contact: CONTACT });
    const thief = { ...FLOW, port: 40_000 };
    const guess = (source = thief) =>
      send({ authorization: signed(challenge(), { ...BOB, password: 'x' }) }, source).status;
    for (let tries = 0; tries < 10; tries += 1) expect(guess()).toBe(401);
    expect(send({ authorization: signed(challenge()) }, thief)).toMatchObject({
      status: 403,
      headers: { 'Retry-After': '300' },
    });
    expect(register({ contact: CONTACT }).status, 'the phone itself').toBe(200);
    expect(guess({ ...thief, address: '192.0.2.31' }), 'another address').toBe(401);
    clock.advance(300_000);
    expect(register({ contact: CONTACT }, thief).status).toBe(200);
  });

  it('takes bindings away one by one, or all of them', () => {
    const { register, contacts } = registrar();
    register({ contact: `${CONTACT}, <sip:bob@10.0.0.6>;q=0.5` });
    expect(contacts()).toEqual(['sip:bob@10.0.0.5:5060', 'sip:bob@10.0.0.6']);
    expect(register({}).headers['Contact'], 'a query').toContain('10.0.0.6');
    register({ contact: CONTACT, expires: '0' });
    expect(contacts()).toEqual(['sip:bob@10.0.0.6']);
    expect(register({ contact: '*', expires: '60' }).status).toBe(400);
    expect(register({ contact: `*, ${CONTACT}`, expires: '0' }).status).toBe(400);
    expect(register({ contact: '*', expires: '0' })).toEqual({ status: 200, headers: {} });
    expect(contacts()).toEqual([]);
  });

  it('an older request changes nothing, also not by *', () => {
    const { register, contacts } = registrar();
    register({ contact: CONTACT, cseq: '20 REGISTER' });
    expect(register({ contact: CONTACT, cseq: '20 REGISTER', expires: '0' }).status).toBe(500);
    expect(register({ contact: '*', cseq: '19 REGISTER', expires: '0' }).status).toBe(500);
    expect(contacts()).toHaveLength(1);
    expect(register({ contact: CONTACT, cseq: '1 REGISTER', 'call-id': 'after a restart' }).status).toBe(200);
  });

  it('the same Contact again is one binding; one too many pushes the oldest out', () => {
    const { register, contacts } = registrar();
    register({ contact: CONTACT });
    register({ contact: '<sip:bob@10.0.0.6>' });
    register({ contact: '<sip:bob@10.0.0.5:5060;line=2>' });
    expect(contacts(), 'the last first').toEqual(['sip:bob@10.0.0.5:5060;line=2', 'sip:bob@10.0.0.6']);
    register({ contact: '<sip:bob@10.0.0.7>' });
    expect(contacts()).toEqual(['sip:bob@10.0.0.7', 'sip:bob@10.0.0.5:5060;line=2']);
  });

  it.each(['<tel:123>', '<http://x>', 'bob', '<sip:a b>', '<sip:bob@10.0.0.5\r\nX: y>'])(
    'no Contact: %j',
    (contact) => {
      const { register, contacts } = registrar();
      expect(register({ contact }).status).toBe(400);
      expect(contacts()).toEqual([]);
    },
  );

  it('keeps the Path of a phone behind a proxy with its Contact, and says it again (RFC 3327)', () => {
    const { made, register } = registrar();
    const path = '<sip:edge.example;lr>, <sip:core.example;transport=tcp;lr>';
    const answer = register({ contact: CONTACT, path, require: 'path', supported: 'path' });
    expect(answer).toMatchObject({ status: 200, headers: { Path: path, Supported: 'path' } });
    expect(made.bindings('bob')[0]?.path).toEqual([
      'sip:edge.example;lr',
      'sip:core.example;transport=tcp;lr',
    ]);
    // The phone is at home again.
    expect(register({ contact: CONTACT }).headers).not.toHaveProperty('Path');
    expect(made.bindings('bob')[0]).not.toHaveProperty('path');
    expect(register({ contact: CONTACT, path: '<sip:strict.example>' })).toMatchObject({ status: 400 });
  });

  it('says which extension it does not know', () => {
    expect(registrar().register({ contact: CONTACT, require: 'outbound, path' })).toMatchObject({
      status: 420,
      headers: { Unsupported: 'outbound' },
    });
  });
});

it('answers to a challenge that nobody was sent shut no address out', () => {
  const { send, register } = registrar();
  const authorization =
    'Digest username="bob", realm="gateway", nonce="made.up.nonce", uri="sip:gateway.example", qop=auth, nc=00000001, cnonce="a", response="00"';
  for (let i = 0; i < 20; i++) {
    const { status, headers } = send({ contact: CONTACT, authorization });
    expect([status, headers['WWW-Authenticate']]).toEqual([401, expect.stringContaining('stale=true')]);
  }
  expect(register({ contact: CONTACT }).status).toBe(200);
});

it.each(['<sip:bob@10.0.0.5?Subject=x>', '<sip:bob@10.0.0.5;method=BYE>'])(
  'keeps no Contact that is more than an address: %s',
  (contact) => {
    const { register, contacts } = registrar();
    expect(register({ contact }).status).toBe(400);
    expect(contacts()).toEqual([]);
  },
);

it('other accounts: a phone whose account is gone is too, another one stays, with the next password', () => {
  const { made, changes, register, contacts } = registrar();
  register({ contact: CONTACT });
  const terms = { expires: { minS: 60, defaultS: 120, maxS: 600 }, maxContacts: 1 };
  made.replace({ accounts: [{ user: 'bob', password: 'next' }], ...terms });
  expect(contacts()).toHaveLength(1);
  expect(register({ contact: CONTACT }).status).not.toBe(200);
  const next = register({ contact: CONTACT }, FLOW, { username: 'bob', password: 'next' });
  expect(next).toEqual({ status: 200, headers: { Contact: `${CONTACT};expires=120` } });
  changes.length = 0;
  made.replace({ accounts: [{ user: 'amy', password: 'other' }], ...terms });
  expect([contacts(), changes]).toEqual([[], ['bob']]);
});
