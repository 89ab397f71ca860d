import type { GatewayConfig } from '../../config/index.ts';
import { HepSender, hep3, rtcpJson, type TracedSip, type TraceEntry } from '../../observe/index.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { MediaTraced, SocketAddress } from '../media/traced.ts';

type HepConfig = NonNullable<GatewayConfig['observe']['hep']>;

interface Ends {
  local: SocketAddress;
  remote: SocketAddress;
}

const NOWHERE: SocketAddress = { address: '0.0.0.0', port: 0 };

/** SIP and RTCP of all calls for a HEP server such as Homer, each under the id of its call. Owns the sender. */
export class HepFeed {
  readonly #clock: Clock;
  readonly #log: Log;
  #to: { readonly config: HepConfig; readonly sender: HepSender } | undefined;
  /** Where the media of each call goes, as far as it is known. */
  readonly #ends = new Map<string, { readonly consumer: Ends; readonly phone: Ends }>();

  /** @param config undefined: nobody is told */
  constructor(config: HepConfig | undefined, clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.replace(config);
  }

  /** Somebody listens. */
  get isOn(): boolean {
    return this.#to !== undefined;
  }

  /** Another server, or none, from now on; calls that are up are told to it too. */
  replace(config: HepConfig | undefined): void {
    if (config === this.#to?.config) return;
    this.#to?.sender.close();
    this.#to = config && {
      config,
      sender: new HepSender({ ...config, clock: this.#clock, log: this.#log }),
    };
  }

  entry(callId: string, { atMs, sip, quality }: TraceEntry): void {
    if (!this.#to) return;
    if (sip) return this.sip(sip, atMs, callId);
    if (!quality) return;
    const ends = this.#endsOf(callId);
    for (const leg of ['consumer', 'phone'] as const) {
      const { local, remote } = ends[leg];
      // Sent by us, about what that leg hears of us and we of it.
      const payload = Buffer.from(rtcpJson(quality[leg], atMs));
      this.#send('rtcp', 'udp', local, remote, atMs, payload, callId);
    }
  }

  /** @param callId undefined: of no call, as OPTIONS */
  sip({ direction, protocol, local, remote, text }: TracedSip, atMs: number, callId?: string): void {
    const [from, to] = direction === 'in' ? [remote, local] : [local, remote];
    this.#send('sip', protocol === 'udp' ? 'udp' : 'tcp', from, to, atMs, Buffer.from(text), callId);
  }

  media(callId: string, traced: MediaTraced): void {
    const ends = this.#endsOf(callId);
    if (traced.of === 'ice' && traced.local !== undefined && traced.remote !== undefined) {
      ends.consumer.local = addressOf(traced.local);
      ends.consumer.remote = addressOf(traced.remote);
    }
    if (traced.of === 'plan') {
      ends.phone.local = traced.local;
      ends.phone.remote = traced.remote;
    }
    if (traced.of === 'latched') ends.phone.remote = { address: traced.address, port: traced.port };
  }

  over(callId: string): void {
    this.#ends.delete(callId);
  }

  close(): void {
    this.#to?.sender.close();
  }

  #endsOf(callId: string): { readonly consumer: Ends; readonly phone: Ends } {
    const known = this.#ends.get(callId);
    if (known) return known;
    const ends = {
      consumer: { local: NOWHERE, remote: NOWHERE },
      phone: { local: NOWHERE, remote: NOWHERE },
    };
    this.#ends.set(callId, ends);
    return ends;
  }

  #send(
    type: 'sip' | 'rtcp',
    protocol: 'udp' | 'tcp',
    from: SocketAddress,
    to: SocketAddress,
    atMs: number,
    payload: Uint8Array,
    correlationId: string | undefined,
  ): void {
    if (!this.#to) return;
    const { config, sender } = this.#to;
    const { captureId, password } = config;
    const packet = hep3({ type, protocol, from, to, atMs, captureId, password, correlationId, payload });
    if (packet) sender.send(packet);
  }
}

function addressOf(text: string): SocketAddress {
  const at = text.lastIndexOf(':');
  return { address: text.slice(0, at), port: Number(text.slice(at + 1)) };
}
