import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RtpHeader, SrtpSession as WeriftSrtpSession } from 'werift';
import { writeRtpHeader } from '../../../src/media/rtp/header.ts';
import { type SrtpMasterKey, type SrtpProfile, SrtpSession } from '../../../src/media/srtp/session.ts';
import { median } from '../bench.ts';

/** Microseconds of CPU a packet. */
export interface Cost {
  readonly protect: number;
  readonly unprotect: number;
}

const BATCH = 512;
const SSRC = 0xdecafbad;

export function masterKey(profile: SrtpProfile): { readonly key: Buffer; readonly salt: Buffer } {
  return { key: Buffer.alloc(16, 7), salt: Buffer.alloc(profile === 'AEAD_AES_128_GCM' ? 12 : 14, 9) };
}

/** One stream from one session of ours to another. */
export class OurStream {
  readonly #sender: SrtpSession;
  readonly #receiver: SrtpSession;
  readonly #payload: number;
  readonly #packets = Array.from({ length: BATCH }, () => Buffer.alloc(256, 0x5a));
  readonly #lengths = new Int32Array(BATCH);
  #sequence = 0;
  #protectUs = 0;
  #unprotectUs = 0;

  constructor(profile: SrtpProfile, payload: number) {
    const local: SrtpMasterKey = masterKey(profile);
    this.#sender = new SrtpSession({ profile, local, remote: local });
    this.#receiver = new SrtpSession({ profile, local, remote: local });
    this.#payload = payload;
  }

  run(packets: number): Cost {
    this.#protectUs = 0;
    this.#unprotectUs = 0;
    const batches = Math.ceil(packets / BATCH);
    for (let i = 0; i < batches; i++) this.#batch();
    return {
      protect: this.#protectUs / batches / BATCH,
      unprotect: this.#unprotectUs / batches / BATCH,
    };
  }

  /** Bytes that a packet leaves behind, on V8's heap and outside: it is handled twice, half of them each time. */
  garbage(): { readonly heap: number; readonly outside: number } {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // Few enough that no collection comes in between.
    const batches = 12;
    const handled = batches * BATCH * 2;
    const rounds = Array.from({ length: 5 }, () => {
      collect();
      const before = process.memoryUsage();
      for (let i = 0; i < batches; i++) this.#batch();
      const after = process.memoryUsage();
      return {
        heap: (after.heapUsed - before.heapUsed) / handled,
        outside: (after.arrayBuffers - before.arrayBuffers) / handled,
      };
    });
    return {
      heap: median(rounds.map(({ heap }) => heap)),
      outside: median(rounds.map(({ outside }) => outside)),
    };
  }

  #batch(): void {
    for (const packet of this.#packets) {
      writeRtpHeader(packet, false, 111, this.#sequence, 0, SSRC);
      this.#sequence = (this.#sequence + 1) & 0xffff;
    }
    const begin = process.cpuUsage();
    for (let i = 0; i < BATCH; i++) {
      this.#lengths[i] = this.#sender.protectRtp(this.#packets[i] as Buffer, 12 + this.#payload);
    }
    const middle = process.cpuUsage();
    for (let i = 0; i < BATCH; i++) {
      const length = this.#receiver.unprotectRtp(this.#packets[i] as Buffer, this.#lengths[i] as number);
      if (length !== 12 + this.#payload) throw new Error(`a packet was refused: ${this.#receiver.refusal}`);
    }
    const end = process.cpuUsage();
    this.#protectUs += middle.user + middle.system - begin.user - begin.system;
    this.#unprotectUs += end.user + end.system - middle.user - middle.system;
  }
}

/** The same by werift's own sessions, AEAD_AES_128_GCM. */
export class WeriftStream {
  readonly #sender: WeriftSrtpSession;
  readonly #receiver: WeriftSrtpSession;
  readonly #payload: Buffer;
  #sequence = 0;

  constructor(payload: number) {
    const { key, salt } = masterKey('AEAD_AES_128_GCM');
    const config = {
      profile: 7,
      keys: { localMasterKey: key, localMasterSalt: salt, remoteMasterKey: key, remoteMasterSalt: salt },
    } as ConstructorParameters<typeof WeriftSrtpSession>[0];
    this.#sender = new WeriftSrtpSession(config);
    this.#receiver = new WeriftSrtpSession(config);
    this.#payload = Buffer.alloc(payload, 0x5a);
  }

  run(packets: number): Cost {
    const headers = Array.from({ length: packets }, () => {
      this.#sequence = (this.#sequence + 1) & 0xffff;
      return new RtpHeader({ payloadType: 111, ssrc: SSRC, sequenceNumber: this.#sequence, timestamp: 0 });
    });
    const begin = process.cpuUsage();
    const made = headers.map((header) => this.#sender.encrypt(this.#payload, header));
    const protect = process.cpuUsage(begin);
    const middle = process.cpuUsage();
    for (const packet of made) this.#receiver.decrypt(packet);
    const unprotect = process.cpuUsage(middle);
    return {
      protect: (protect.user + protect.system) / packets,
      unprotect: (unprotect.user + unprotect.system) / packets,
    };
  }
}
