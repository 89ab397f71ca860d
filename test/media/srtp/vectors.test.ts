import { createCipheriv, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AeadAesGcm } from '../../../src/media/srtp/aes-gcm.ts';
import { deriveKey } from '../../../src/media/srtp/derive-key.ts';
import { Ghash } from '../../../src/media/srtp/ghash.ts';
import { AES_CM, CounterCipher } from '../../../src/media/srtp/key-stream.ts';
import { HmacSha1 } from '../../../src/media/srtp/sha1.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const pattern = (length: number, seed = 3): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 7 + seed) & 255));

describe('RFC 3711', () => {
  it('makes the key stream of appendix B.2', () => {
    const cipher = new CounterCipher(
      hex('2B7E151628AED2A6ABF7158809CF4F3C'),
      hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'),
      AES_CM,
    );
    const stream = Buffer.alloc(48);
    cipher.make(stream, 0, 0, 0, 1, 3);
    expect(stream.toString('hex').toUpperCase()).toBe(
      'E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0',
    );
  });

  it('derives the session keys of appendix B.3', () => {
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
});

describe('RFC 7714', () => {
  const keys = {
    key: hex('000102030405060708090a0b0c0d0e0f'),
    salt: hex('517569642070726f2071756f'),
    auth: new Uint8Array(20),
  };

  it('protects and reads the RTP packet of section 16.1', () => {
    const header = hex('8040f17b 8041f8d3 5501a0b2');
    const payload = Buffer.from('Gallia est omnis divisa in partes tres');
    const packet = Buffer.concat([header, payload, Buffer.alloc(16)]);
    const length = header.length + payload.length;
    const gcm = new AeadAesGcm(keys, keys);
    const stream = gcm.keyStream(0x5501a0b2);
    expect(gcm.protectRtp(packet, length, 12, stream, 0, 0xf17b)).toBe(length + 16);
    expect(packet.toString('hex')).toBe(
      '8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce',
    );
    const reader = new AeadAesGcm(keys, keys);
    const theirs = reader.keyStream(0x5501a0b2);
    expect(reader.unprotectRtp(packet, packet.length, 12, theirs, 0, 0xf17b)).toBe(length);
    expect(packet.subarray(12, length)).toEqual(payload);
  });

  it('protects and reads the RTCP packet of section 17.1', () => {
    const clear = hex(
      '81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef',
    );
    const packet = Buffer.concat([clear, Buffer.alloc(20)]);
    const gcm = new AeadAesGcm(keys, keys);
    expect(gcm.protectRtcp(packet, clear.length, 0x5d4)).toBe(packet.length);
    expect(packet.toString('hex')).toBe(
      '81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4',
    );
    expect(gcm.unprotectRtcp(packet, packet.length)).toBe(clear.length);
    expect(packet.subarray(0, clear.length)).toEqual(clear);
  });
});

describe('the pieces, beside OpenSSL', () => {
  it('HMAC-SHA1 of every length around the block borders, with and without a suffix', () => {
    const key = hex('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b');
    const hmac = new HmacSha1(key);
    const data = pattern(300);
    const out = new Uint8Array(20);
    for (let length = 0; length < 260; length++) {
      hmac.sign(data, length, -1, out, 0, 20);
      const plain = createHmac('sha1', key).update(data.subarray(0, length)).digest();
      expect(Buffer.from(out)).toEqual(plain);
      hmac.sign(data, length, 0xdeadbeef, out, 0, 20);
      const suffixed = createHmac('sha1', key).update(data.subarray(0, length));
      const code = suffixed.update(hex('deadbeef')).digest();
      expect(Buffer.from(out)).toEqual(code);
      code.copy(data, length);
      expect(hmac.verify(data, length, 0xdeadbeef, length, 10)).toBe(true);
      data[length + 9] = (data[length + 9] as number) ^ 1;
      expect(hmac.verify(data, length, 0xdeadbeef, length, 10)).toBe(false);
      expect(hmac.verify(data, length, 0xdeadbeef, length, 9)).toBe(true);
    }
  });

  it('GHASH of every length around the block borders', () => {
    for (let length = 0; length < 120; length++) {
      const key = pattern(16, length);
      const iv = pattern(12, length + 1);
      const aad = pattern((length * 5) % 37, length + 2);
      const cipher = createCipheriv('aes-128-gcm', key, iv).setAAD(aad);
      const data = cipher.update(pattern(length));
      cipher.final();
      const ecb = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
      const ghash = new Ghash(ecb.update(Buffer.alloc(16)));
      const mask = ecb.update(Buffer.concat([iv, hex('00000001')]));
      const out = Buffer.alloc(16);
      ghash.digest(aad, aad.length, data, 0, data.length, out);
      for (let i = 0; i < 16; i++) out[i] = (out[i] as number) ^ (mask[i] as number);
      expect(out).toEqual(cipher.getAuthTag());
    }
  });
});
