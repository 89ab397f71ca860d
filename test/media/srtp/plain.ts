import { createCipheriv, createHmac } from 'node:crypto';
import type { SrtpMasterKey, SrtpProfile } from '../../../src/media/srtp/session.ts';

/**
 * SRTP of one direction as the RFCs word it, a cipher object for each packet and no state: slow and plain, so that
 * it can be compared with the RFCs by eye. The caller knows the roll-over counter.
 */
export class PlainSrtp {
  readonly #profile: SrtpProfile;
  readonly #master: SrtpMasterKey;
  readonly #derived = new Map<number, Buffer>();

  constructor(profile: SrtpProfile, master: SrtpMasterKey) {
    this.#profile = profile;
    this.#master = master;
  }

  /** @param payloadOffset bytes of header that stay clear */
  protectRtp(packet: Buffer, payloadOffset: number, roc: number): Buffer {
    const index = Buffer.alloc(6);
    index.writeUInt32BE(roc);
    packet.copy(index, 4, 2, 4);
    const header = packet.subarray(0, payloadOffset);
    const body = this.#crypt(0, packet.subarray(8, 12), index, header, packet.subarray(payloadOffset));
    if (this.#profile === 'AEAD_AES_128_GCM') return Buffer.concat([header, body]);
    const clear = Buffer.concat([header, body]);
    const tag = createHmac('sha1', this.#derive(1, 20)).update(clear).update(index.subarray(0, 4)).digest();
    return Buffer.concat([clear, tag.subarray(0, this.#profile === 'AES_CM_128_HMAC_SHA1_80' ? 10 : 4)]);
  }

  protectRtcp(packet: Buffer, srtcpIndex: number): Buffer {
    const index = Buffer.alloc(6);
    index.writeUInt32BE(srtcpIndex, 2);
    const word = Buffer.alloc(4);
    word.writeUInt32BE((0x8000_0000 | srtcpIndex) >>> 0);
    const header = packet.subarray(0, 8);
    const aad = Buffer.concat([header, word]);
    const body = this.#crypt(3, packet.subarray(4, 8), index, aad, packet.subarray(8));
    if (this.#profile === 'AEAD_AES_128_GCM') return Buffer.concat([header, body, word]);
    const clear = Buffer.concat([header, body, word]);
    const tag = createHmac('sha1', this.#derive(4, 20)).update(clear).digest();
    return Buffer.concat([clear, tag.subarray(0, 10)]);
  }

  /** RFC 3711 section 4.1.1; RFC 7714 sections 8.1 and 9.1, with the tag behind. */
  #crypt(firstLabel: number, ssrc: Buffer, index: Buffer, aad: Buffer, clear: Buffer): Buffer {
    const key = this.#derive(firstLabel, 16);
    const gcm = this.#profile === 'AEAD_AES_128_GCM';
    const salt = this.#derive(firstLabel + 2, gcm ? 12 : 14);
    const iv = Buffer.alloc(gcm ? 12 : 16);
    ssrc.copy(iv, gcm ? 2 : 4);
    index.copy(iv, gcm ? 6 : 8);
    for (let i = 0; i < salt.length; i++) iv[i] = (iv[i] as number) ^ (salt[i] as number);
    if (!gcm) return createCipheriv('aes-128-ctr', key, iv).update(clear);
    const cipher = createCipheriv('aes-128-gcm', key, iv).setAAD(aad);
    return Buffer.concat([cipher.update(clear), cipher.final(), cipher.getAuthTag()]);
  }

  /** RFC 3711 section 4.3.1. */
  #derive(label: number, bytes: number): Buffer {
    const known = this.#derived.get(label);
    if (known) return known;
    const iv = Buffer.alloc(16);
    iv.set(this.#master.salt);
    iv[7] = (iv[7] as number) ^ label;
    const derived = createCipheriv('aes-128-ctr', this.#master.key, iv).update(Buffer.alloc(bytes));
    this.#derived.set(label, derived);
    return derived;
  }
}
