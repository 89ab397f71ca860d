import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { answerCheck } from '../../src/sim/stun.ts';
import { type Check, check, ICE_CONTROLLED, USE_CANDIDATE, verdictOf } from './stun-request.ts';

const pwd = 'p'.repeat(24);
const relay = { ufrags: ['META', 'META//2'], pwd, remoteUfrag: 'gate' };
const from = { address: '127.0.0.1', port: 40_000 };

it('answers a check with where it came from, signed with its own password', () => {
  const verdict = answerCheck(check(), from, relay);
  if (verdict.kind !== 'answered') throw new Error(verdict.kind);
  expect(verdict.nominates).toBe(false);
  const { reply } = verdict;
  expect(reply.readUInt16BE(0)).toBe(0x0101);
  expect(reply.subarray(8, 20)).toEqual(check().subarray(8, 20));
  // XOR-MAPPED-ADDRESS (RFC 8489 section 14.2).
  expect(reply.subarray(20, 32).toString('hex')).toBe(
    `002000080001${(40_000 ^ 0x2112).toString(16)}5e12a443`,
  );
  const covered = Buffer.from(reply.subarray(0, 32));
  covered.writeUInt16BE(32 + 24 - 20, 2);
  expect(reply.subarray(36, 56)).toEqual(createHmac('sha1', pwd).update(covered).digest());
});

it('knows IPv6 addresses in their short forms', () => {
  const verdict = answerCheck(check(), { address: 'fe80::1%lo', port: 1 }, relay);
  if (verdict.kind !== 'answered') throw new Error(verdict.kind);
  const mask = Buffer.from('2112a442000102030405060708090a0b', 'hex');
  const address = verdict.reply.subarray(28, 44).map((byte, i) => byte ^ (mask[i] ?? 0));
  expect(Buffer.from(address).toString('hex')).toBe('fe800000000000000000000000000001');
});

it('takes either of its names, and sees a nomination', () => {
  const verdict = answerCheck(
    check({ username: 'META//2:gate', more: [[USE_CANDIDATE, Buffer.alloc(0)]] }),
    from,
    relay,
  );
  expect(verdict).toMatchObject({ kind: 'answered', nominates: true });
});

it.each<[string, Check, string]>([
  ['no name', { username: '' }, '400'],
  ['no password', { pwd: '' }, '400'],
  ['another password', { pwd: 'q'.repeat(24) }, '401'],
  ['another name', { username: 'META:else' }, '401'],
  ['the names the wrong way round', { username: 'gate:META' }, '401'],
  ['an attribute that must be understood', { more: [[0x0012, Buffer.alloc(4)]] }, '420'],
  ['a peer that claims to be controlled', { role: ICE_CONTROLLED }, '487'],
  ['no role', { role: 0 }, '400'],
  ['no priority', { priority: false }, '400'],
])('refuses %s', (_name, request, status) => {
  const verdict = answerCheck(check(request), from, relay);
  if (verdict.kind !== 'refused') throw new Error(verdict.kind);
  expect(String(verdict.status)).toBe(status);
  expect(verdictOf(verdict.reply)).toBe(status);
});

it('ignores what is no request, damaged, or cut short', () => {
  const whole = check();
  const damaged = Buffer.from(whole);
  damaged[30] = (damaged[30] ?? 0) ^ 1;
  const others = [
    check({ type: 0x0101 }),
    check({ type: 0x0011 }),
    check({ fingerprint: false }),
    damaged,
    Buffer.concat([whole, Buffer.alloc(4)]),
    ...Array.from({ length: whole.length }, (_, length) => whole.subarray(0, length)),
  ];
  for (const datagram of others) expect(answerCheck(datagram, from, relay).kind).toBe('ignored');
});
