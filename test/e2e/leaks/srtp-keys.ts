import { DtlsSocket } from 'werift';

/**
 * The SRTP keys of every DTLS session of the simulated relays, in hexadecimal and base64: the gateway at the other end has
 * the same ones.
 */
export function watchSrtpKeys(): { readonly keys: ReadonlySet<string>; restore(): void } {
  const keys = new Set<string>();
  const proto = DtlsSocket.prototype;
  const original = proto.extractSessionKeys;
  proto.extractSessionKeys = function (this: DtlsSocket, keyLength: number, saltLength: number) {
    const made = original.call(this, keyLength, saltLength);
    for (const key of [made.localKey, made.remoteKey]) {
      keys.add(key.toString('hex'));
      keys.add(key.toString('base64').replace(/=+$/, ''));
    }
    return made;
  };
  return {
    keys,
    restore: () => {
      proto.extractSessionKeys = original;
    },
  };
}
