import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { AesCm, deriveKey } from '../../../src/media/srtp/aes-cm.ts';
import { HmacSha1 } from '../../../src/media/srtp/sha1.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

it('makes the key stream of RFC 3711 appendix B.2', () => {
  const cipher = new AesCm(hex('2B7E151628AED2A6ABF7158809CF4F3C'));
  const stream = Buffer.from(cipher.stream(hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000'), 48));
  expect(stream.toString('hex').toUpperCase()).toBe(
    'E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0',
  );
});

it('derives the session keys of RFC 3711 appendix B.3', () => {
  const key = hex('E1F97A0D3E018BE0D64FA32C06DE4139');
  const salt = hex('0EC675AD498AFEEBB6960B3AABE6');
  const derived = (label: number, bytes: number): string =>
    Buffer.from(deriveKey(key, salt, label, bytes))
      .toString('hex')
      .toUpperCase();
  expect(derived(0, 16)).toBe('C61E7A93744F39EE10734AFE3FF7A087');
  expect(derived(2, 14)).toBe('30CBBC08863D8C85D49DB34A9AE1');
  expect(derived(1, 94)).toBe(
    'CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2',
  );
});

it('makes the same HMAC as OpenSSL for every length around the block borders, with and without a suffix', () => {
  const key = hex('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b');
  const hmac = new HmacSha1(key);
  const data = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7 + 3) & 255));
  const out = new Uint8Array(20);
  for (let length = 0; length < 260; length++) {
    hmac.digest(data, 5, length, -1, out, 0, 20);
    const plain = createHmac('sha1', key).update(data.subarray(5, 5 + length));
    expect(Buffer.from(out)).toEqual(plain.digest());
    hmac.digest(data, 5, length, 0xdeadbeef, out, 0, 20);
    const suffixed = createHmac('sha1', key).update(data.subarray(5, 5 + length));
    expect(Buffer.from(out)).toEqual(suffixed.update(hex('deadbeef')).digest());
  }
});
