import { SrtpSession } from 'werift';
import type { SrtpKeys, WebrtcState } from '../../src/webrtc/index.ts';

/** Keeps what a leg reports, and wakes who waits for it. */
export class Recorder {
  readonly states: string[] = [];
  readonly packets: Buffer[] = [];
  readonly plans: { receive: unknown; send: unknown }[] = [];
  keys: SrtpKeys | undefined;
  onPacket: (packet: Buffer) => void = () => {};
  #waiters: (() => void)[] = [];

  events() {
    return {
      onState: (state: WebrtcState, reason?: string) =>
        this.note(() => this.states.push(reason ? `${state}: ${reason}` : state)),
      onKeys: (keys: SrtpKeys) =>
        this.note(() => {
          this.keys = keys;
        }),
      onDatagram: (packet: Uint8Array, length: number) =>
        this.note(() => {
          const copy = Buffer.from(packet.subarray(0, length));
          this.packets.push(copy);
          this.onPacket(copy);
        }),
      onPlan: (plan: { receive: unknown; send: unknown }) => this.note(() => this.plans.push(plan)),
    };
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  note(act: () => unknown): void {
    act();
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

/** werift's SRTP with the leg's keys: proves them against the other end's own. */
export function srtpOf(keys: SrtpKeys | undefined): SrtpSession {
  if (!keys) throw new Error('The leg has no keys.');
  return new SrtpSession({
    profile: keys.profile === 'AEAD_AES_128_GCM' ? 7 : 1,
    keys: {
      localMasterKey: Buffer.from(keys.local.key),
      localMasterSalt: Buffer.from(keys.local.salt),
      remoteMasterKey: Buffer.from(keys.remote.key),
      remoteMasterSalt: Buffer.from(keys.remote.salt),
    },
  });
}
