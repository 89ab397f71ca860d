import { type ConsumerCall, DeskPhone, MetaSimulator, type PhoneCall } from '../../../src/sim/index.ts';
import type { CallEnds } from './load.ts';

export type Codec = 'opus' | 'PCMU';

/** A call that is up, and its media, which is now the load program's. */
export interface HeldCall {
  readonly ends: CallEnds;
  hangUp(): Promise<unknown>;
}

/** Makes calls through a gateway, each by all of its signalling: webhook, Graph, SIP, ICE, DTLS. */
export class GatewayCalls {
  readonly simulator: MetaSimulator;
  readonly phone: DeskPhone;
  readonly #passThrough: boolean;
  readonly #ringing = new Map<string, (call: PhoneCall) => void>();
  #count = 0;
  #watching = true;

  static async start(
    codec: Codec,
    account: { page: string; token: string; secret: string },
  ): Promise<GatewayCalls> {
    const simulator = await MetaSimulator.start({
      pageId: account.page,
      accessToken: account.token,
      appSecret: account.secret,
      appId: 'app',
      relayAddress: '127.0.0.1',
      // RTP sequence numbers begin low, so that no wrap-around comes before the load program takes over.
      random: () => Math.random() / 2,
    });
    const phone = await DeskPhone.start({ codecs: [codec], toneHz: 620, ringMs: 0 });
    return new GatewayCalls(simulator, phone, codec === 'opus');
  }

  private constructor(simulator: MetaSimulator, phone: DeskPhone, passThrough: boolean) {
    this.simulator = simulator;
    this.phone = phone;
    this.#passThrough = passThrough;
    void this.#watch();
  }

  /** Resolves when both ends have heard each other and their media was taken. Rejects when the call ends before. */
  async make(): Promise<HeldCall> {
    const index = this.#count++;
    const consumer = this.simulator
      .consumer({ psid: String(7_000_000_000 + index), name: `Caller ${index}` })
      .call({ toneHz: 440 });
    const rung = new Promise<PhoneCall>((resolve) => this.#ringing.set(consumer.id, resolve));
    const over = consumer.ended.then(({ reason }) => {
      throw new Error(`call ${index} ended: ${reason}`);
    });
    over.catch(() => {});
    const phone = await Promise.race([rung, over]);
    await Promise.race([Promise.all([consumer.firstAudio, phone.firstAudio]), over]);
    return this.#take(consumer, phone);
  }

  async close(): Promise<void> {
    this.#watching = false;
    await Promise.all([this.phone.close(), this.simulator.close()]);
  }

  async #watch(): Promise<void> {
    while (this.#watching) {
      const call = await this.phone.nextCall();
      const id = call.header('x-meta-call-id') ?? '';
      this.#ringing.get(id)?.(call);
      this.#ringing.delete(id);
    }
  }

  async #take(consumer: ConsumerCall, phone: PhoneCall): Promise<HeldCall> {
    const [ours, theirs] = await Promise.all([consumer.takeMedia(), phone.takeMedia()]);
    if (!ours || !theirs) throw new Error('the media of a call that is up could not be taken');
    if (ours.srtp.profile !== 1)
      throw new Error(`SRTP profile ${ours.srtp.profile}, not AES_CM_128_HMAC_SHA1_80`);
    const { keys } = ours.srtp;
    const ends: CallEnds = {
      passThrough: this.#passThrough,
      consumer: {
        local: at(ours.local),
        remote: at(ours.remote),
        sendKey: Buffer.concat([keys.localMasterKey, keys.localMasterSalt]),
        receiveKey: Buffer.concat([keys.remoteMasterKey, keys.remoteMasterSalt]),
        icePwd: ours.icePwd,
        header: rtpHeader(ours.opusPayloadType, ours.ssrc, ours.mid),
        sequence: ours.sequence,
        timestamp: ours.timestamp,
      },
      phone: {
        local: at(theirs.local),
        remote: at(theirs.remote),
        header: rtpHeader(theirs.plan.payloadType, theirs.ssrc),
        sequence: theirs.sequence,
        timestamp: theirs.timestamp,
      },
    };
    return { ends, hangUp: () => consumer.hangup() };
  }
}

const at = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  `${address}:${port}`;

/** A header with room for numbers; with a mid, also Meta's extensions: audio level (1) and mid (4), RFC 8285. */
export function rtpHeader(payloadType: number, ssrc: number, mid?: string): Buffer {
  const header = Buffer.alloc(12);
  header[0] = mid === undefined ? 0x80 : 0x90;
  header[1] = payloadType;
  header.writeUInt32BE(ssrc, 8);
  if (mid === undefined) return header;
  const elements = Buffer.concat([Buffer.of(0x10, 0x8a, 0x40 | (mid.length - 1)), Buffer.from(mid)]);
  const words = Math.ceil(elements.length / 4);
  const extension = Buffer.alloc(4 + words * 4);
  extension.writeUInt16BE(0xbede, 0);
  extension.writeUInt16BE(words, 2);
  elements.copy(extension, 4);
  return Buffer.concat([header, extension]);
}
