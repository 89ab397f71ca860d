import { expect, it } from 'vitest';
import { p256PublicKey, p256SharedSecret, x25519, x25519KeyPair } from '../../src/webrtc/native-curves.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (of: Uint8Array): string => Buffer.from(of).toString('hex');

/** RFC 7748 section 6.1. */
const ALICE = bytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
const BOB_PUBLIC = bytes('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
const SHARED = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';

/** RFC 5903 section 8.1. */
const I = bytes('c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433');
const I_PUBLIC =
  '04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3';
const R_PUBLIC = bytes(
  '04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab',
);
const IR_X = 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de';

it('computes X25519 as RFC 7748 does', () => {
  expect(hex(x25519(ALICE, BOB_PUBLIC))).toBe(SHARED);
});

it('agrees on X25519 with keys of its own making, each in memory of its own', () => {
  const [a, b] = [x25519KeyPair(), x25519KeyPair()];
  expect([a.publicKey.buffer.byteLength, a.secretKey.buffer.byteLength]).toEqual([32, 32]);
  expect(hex(a.secretKey)).not.toBe(hex(b.secretKey));
  const shared = hex(x25519(a.secretKey, b.publicKey));
  expect(hex(x25519(b.secretKey, a.publicKey))).toBe(shared);
  // As werift keeps them, and as bytes from elsewhere.
  expect(hex(x25519(Buffer.from(a.secretKey.buffer), Buffer.from(b.publicKey.buffer)))).toBe(shared);
  expect(hex(x25519(bytes(hex(a.secretKey)), b.publicKey))).toBe(shared);
});

it('refuses a peer whose key gives zero, or is no key', () => {
  expect(() => x25519(ALICE, new Uint8Array(32))).toThrow();
  expect(() => x25519(ALICE, new Uint8Array(31))).toThrow();
});

it('computes P-256 as RFC 5903 does, the secret behind one byte', () => {
  expect(hex(p256PublicKey(I))).toBe(I_PUBLIC);
  expect(hex(p256SharedSecret(I, R_PUBLIC).subarray(1))).toBe(IR_X);
});

it('refuses a point that is not on P-256', () => {
  const off = Uint8Array.from(R_PUBLIC);
  off[64] = (off[64] as number) ^ 1;
  expect(() => p256SharedSecret(I, off)).toThrow();
  expect(() => p256SharedSecret(I, new Uint8Array(65))).toThrow();
});
