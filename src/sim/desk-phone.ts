import { randomBytes } from 'node:crypto';
import { createOpusLibrary, type OpusLibrary } from '../media/index.ts';
import type { SipCodec, SrtpPolicy } from '../sdp/index.ts';
import { type Clock, systemClock } from '../shared/clock.ts';
import { silentLog } from '../shared/log.ts';
import { connectSip, type IncomingInvite, type SipControl } from '../sip/index.ts';
import { type SipServer, startSipServer, type TlsOptions } from '../sip-server/index.ts';
import { type Dialed, DialedCall } from './dialed-call.ts';
import { DigestChallenge } from './digest.ts';
import type { SimEventSink } from './events.ts';
import { PhoneCall } from './phone-call.ts';

export interface DeskPhoneOptions {
  /** In the phone's order of preference. */
  readonly codecs: readonly SipCodec[];
  readonly toneHz: number;
  /** Milliseconds of ringing before it answers. Default 200. */
  readonly ringMs?: number;
  /** `answer`, `never`, or a final status such as 486. Default answer. */
  readonly behaviour?: 'answer' | 'never' | number;
  readonly telephoneEvent?: boolean;
  /** Keys are tones in its audio, both ways. Default false. */
  readonly inbandDtmf?: boolean;
  /** SRTP with keys in SDP. Default off. */
  readonly srtp?: SrtpPolicy;
  /** Default udp. */
  readonly transport?: 'udp' | 'tcp' | 'tls';
  /** Its certificate, for transport tls. */
  readonly tls?: TlsOptions;
  /** Challenges INVITEs that begin a call with 407. */
  readonly digest?: { readonly username: string; readonly password: string };
  readonly clock?: Clock;
  readonly onEvent?: SimEventSink;
}

/** A desk phone on loopback: real SIP over UDP, real RTP. */
export class DeskPhone {
  readonly calls: PhoneCall[] = [];
  readonly dialed: DialedCall[] = [];
  behaviour: 'answer' | 'never' | number;
  readonly #options: DeskPhoneOptions;
  readonly #server: SipServer;
  readonly #opus: OpusLibrary;
  readonly #digest: DigestChallenge | undefined;
  #control!: SipControl;
  #waiting: ((call: PhoneCall) => void)[] = [];
  #taken = 0;

  static async start(options: DeskPhoneOptions): Promise<DeskPhone> {
    const secret = randomBytes(16).toString('hex');
    const server = await startSipServer({
      secret,
      listen: [
        {
          protocol: options.transport ?? 'udp',
          address: '127.0.0.1',
          port: 0,
          ...(options.tls && { tls: options.tls }),
        },
      ],
    });
    const phone = new DeskPhone(options, server, await createOpusLibrary());
    phone.#control = await connectSip({
      ...server.control,
      secret,
      clock: options.clock ?? systemClock,
      log: silentLog,
      userAgent: 'simulated desk phone',
      requestTimeoutMs: 5_000,
      ready: () => true,
      onState: () => {},
      onIncomingInvite: (invite) => phone.#ring(invite),
    });
    return phone;
  }

  private constructor(options: DeskPhoneOptions, server: SipServer, opus: OpusLibrary) {
    this.#options = options;
    this.#server = server;
    this.#opus = opus;
    this.behaviour = options.behaviour ?? 'answer';
    this.#digest = options.digest && new DigestChallenge(options.digest);
  }

  get host(): string {
    return '127.0.0.1';
  }

  get port(): number {
    return this.#server.contacts[0]?.port ?? 0;
  }

  /** The next call that rings it; calls that nobody waited for are handed out in order. */
  nextCall(): Promise<PhoneCall> {
    const call = this.calls[this.#taken];
    if (call) {
      this.#taken += 1;
      return Promise.resolve(call);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Calls somebody; resolves when the INVITE is on its way. */
  async dial(dialed: Dialed): Promise<DialedCall> {
    const call = await DialedCall.dial(this.#control, this.#opus, this.#options, dialed);
    this.dialed.push(call);
    return call;
  }

  /** Lets go of a call that is over, with what was heard in it: for phones that ring all day. */
  forget(call: PhoneCall | DialedCall): void {
    const at = this.calls.indexOf(call as PhoneCall);
    if (at >= 0) this.calls.splice(at, 1);
    if (at >= 0 && at < this.#taken) this.#taken -= 1;
    const dialed = this.dialed.indexOf(call as DialedCall);
    if (dialed >= 0) this.dialed.splice(dialed, 1);
  }

  async close(): Promise<void> {
    await Promise.all([...this.calls, ...this.dialed].map((call) => call.close()));
    await this.#control.close();
    await this.#server.close();
  }

  #ring(invite: IncomingInvite): void {
    const digest = this.#digest;
    const verdict = digest?.check(invite.header('proxy-authorization'), 'INVITE', invite.uri) ?? 'right';
    if (digest && verdict !== 'right') {
      const challenge = digest.challenge(verdict === 'stale');
      return invite.reject(407, { headers: { 'Proxy-Authenticate': challenge } });
    }
    const call = new PhoneCall(invite, this.#options, this.#opus, this.behaviour);
    this.calls.push(call);
    const waiting = this.#waiting.shift();
    if (!waiting) return;
    this.#taken += 1;
    waiting(call);
  }
}
