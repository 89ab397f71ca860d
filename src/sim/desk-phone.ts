import { randomBytes, randomInt } from 'node:crypto';
import { createOpusLibrary, type OpusLibrary } from '../media/index.ts';
import { answerSipOffer, buildSipOffer, type SipCodec, type SipLocal } from '../sdp/index.ts';
import { type Clock, systemClock } from '../shared/clock.ts';
import { silentLog } from '../shared/log.ts';
import { connectSip, type IncomingInvite, type SipControl, type SipDialog } from '../sip/index.ts';
import { type SipServer, startSipServer } from '../sip-server/index.ts';
import { DigestChallenge } from './digest.ts';
import type { Heard, SimEventSink } from './events.ts';
import { PhoneMedia } from './phone-media.ts';

export interface DeskPhoneOptions {
  /** In the phone's order of preference. */
  readonly codecs: readonly SipCodec[];
  readonly toneHz: number;
  /** Milliseconds of ringing before it answers. Default 200. */
  readonly ringMs?: number;
  /** `answer`, `never`, or a final status such as 486. Default answer. */
  readonly behaviour?: 'answer' | 'never' | number;
  readonly telephoneEvent?: boolean;
  /** Default udp. */
  readonly transport?: 'udp' | 'tcp';
  /** Challenges INVITEs with 407. */
  readonly digest?: { readonly username: string; readonly password: string };
  readonly clock?: Clock;
  readonly onEvent?: SimEventSink;
}

/** A desk phone on loopback: real SIP over UDP, real RTP. */
export class DeskPhone {
  readonly calls: PhoneCall[] = [];
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
      listen: [{ protocol: options.transport ?? 'udp', address: '127.0.0.1', port: 0 }],
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

  async close(): Promise<void> {
    await Promise.all(this.calls.map((call) => call.close()));
    await this.#control.close();
    await this.#server.close();
  }

  #ring(invite: IncomingInvite): void {
    const challenge = this.#digest;
    if (challenge && !challenge.accepts(invite.header('proxy-authorization'), 'INVITE')) {
      return invite.reject(407, { headers: { 'Proxy-Authenticate': challenge.header } });
    }
    const call = new PhoneCall(invite, this.#options, this.#opus, this.behaviour);
    this.calls.push(call);
    const waiting = this.#waiting.shift();
    if (!waiting) return;
    this.#taken += 1;
    waiting(call);
  }
}

export interface PhoneCallEnd {
  readonly by: 'phone' | 'gateway';
  /** `BYE`, `CANCEL` or the status it was refused with. */
  readonly how: string;
}

/** One call at the phone. */
export class PhoneCall {
  readonly callId: string;
  readonly callerName: string;
  readonly callerUser: string;
  /** Resolves when the phone answered. */
  readonly answered: Promise<void>;
  readonly firstAudio: Promise<void>;
  readonly ended: Promise<PhoneCallEnd>;
  readonly #invite: IncomingInvite;
  readonly #options: DeskPhoneOptions;
  readonly #opus: OpusLibrary;
  readonly #clock: Clock;
  readonly #resolve: { answered(): void; firstAudio(): void; ended(end: PhoneCallEnd): void };
  #ringing: { clear(): void } | undefined;
  #media: PhoneMedia | undefined;
  #dialog: SipDialog | undefined;
  #local: SipLocal | undefined;
  #over = false;

  constructor(
    invite: IncomingInvite,
    options: DeskPhoneOptions,
    opus: OpusLibrary,
    behaviour: DeskPhoneOptions['behaviour'],
  ) {
    this.#invite = invite;
    this.#options = options;
    this.#opus = opus;
    this.#clock = options.clock ?? systemClock;
    this.callId = invite.callId;
    this.callerName = invite.from.displayName;
    this.callerUser = invite.from.user;
    const answered = Promise.withResolvers<void>();
    const firstAudio = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<PhoneCallEnd>();
    this.answered = answered.promise;
    this.firstAudio = firstAudio.promise;
    this.ended = ended.promise;
    this.#resolve = { answered: answered.resolve, firstAudio: firstAudio.resolve, ended: ended.resolve };
    invite.onCancel(() => {
      this.#tell('gateway', 'phone', 'CANCEL');
      void this.#end({ by: 'gateway', how: 'CANCEL' });
    });
    invite.progress(180);
    this.#tell('phone', 'gateway', '180 Ringing');
    if (behaviour === 'never') return;
    this.#ringing = this.#clock.after(options.ringMs ?? 200, () => {
      if (typeof behaviour === 'number') void this.reject(behaviour);
      else void this.answer();
    });
  }

  header(name: string): string | undefined {
    return this.#invite.header(name);
  }

  heard(): Heard & { readonly codec: string; readonly dtmf: string } {
    const media = this.#media;
    const none: Heard = { heardHz: 0, levelDb: -Infinity, rxPackets: 0, lost: 0 };
    return { ...(media?.ear.heard() ?? none), codec: media?.codec ?? '', dtmf: media?.dtmf ?? '' };
  }

  recording(): { readonly sampleRate: number; readonly pcm: Int16Array } {
    const ear = this.#media?.ear;
    return { sampleRate: ear?.sampleRate ?? 8_000, pcm: ear?.recording() ?? new Int16Array() };
  }

  /** Picks up; 488 when the offer has none of its codecs. */
  async answer(): Promise<void> {
    if (this.#over || this.#media) return;
    this.#ringing?.clear();
    const media = await PhoneMedia.open(this.#opus, this.#clock, this.#options.toneHz, () => {
      this.#tell('gateway', 'phone', 'first audio packet');
      this.#resolve.firstAudio();
    });
    this.#media = media;
    if (this.#over) return media.close();
    const local: SipLocal = {
      sessionId: String(randomInt(2 ** 47)),
      version: 0,
      address: '127.0.0.1',
      port: media.port,
      codecs: this.#options.codecs,
      telephoneEvent: this.#options.telephoneEvent ?? true,
      ptimeMs: 20,
      direction: 'sendrecv',
    };
    const answer = answerSipOffer(local, this.#invite.sdp ?? '');
    if (!answer.ok) return this.reject(488);
    this.#local = answer.value.local;
    media.start(answer.value.plan);
    const accepted = await this.#invite.accept(answer.value.answerSdp);
    if (!accepted.ok) return this.#end({ by: 'gateway', how: 'CANCEL' });
    this.#tell('phone', 'gateway', '200 OK');
    this.#dialog = accepted.value;
    this.#dialog.attach({
      onBye: () => {
        this.#tell('gateway', 'phone', 'BYE');
        void this.#end({ by: 'gateway', how: 'BYE' });
      },
      onLost: (why) => void this.#end({ by: 'gateway', how: why }),
      onReinvite: async () => ({ status: 488 }),
      onInfo: ({ contentType, body }) => {
        const key = /^Signal= ?([0-9*#A-D])/m.exec(body)?.[1];
        if (contentType !== 'application/dtmf-relay' || !key || !this.#media) return 415;
        this.#media.dtmf += key;
        return 200;
      },
    });
    this.#resolve.answered();
  }

  reject(status: number): Promise<void> {
    this.#tell('phone', 'gateway', String(status));
    this.#invite.reject(status);
    return this.#end({ by: 'phone', how: String(status) });
  }

  /** Puts the receiver down; resolves when the BYE was answered. */
  async hangup(): Promise<void> {
    this.#tell('phone', 'gateway', 'BYE');
    const dialog = this.#dialog;
    const done = dialog?.bye({ cause: 16, text: 'Normal call clearing' });
    await this.#end({ by: 'phone', how: 'BYE' });
    await done;
  }

  /** Re-INVITE with `sendonly` (as phones with music) or `inactive`, or back with `sendrecv`; false when refused. */
  async redirect(direction: SipLocal['direction']): Promise<boolean> {
    const local = this.#local;
    if (!local || !this.#dialog) return false;
    this.#local = { ...local, version: local.version + 1, direction };
    const result = await this.#dialog.reinvite(buildSipOffer(this.#local));
    return result.ok;
  }

  /** Sends no RTP any more, as a phone that lost its network does. */
  fallSilent(): void {
    this.#media?.pause();
  }

  async close(): Promise<void> {
    await this.#end({ by: 'phone', how: 'closed' });
  }

  async #end(end: PhoneCallEnd): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#ringing?.clear();
    await this.#media?.close();
    this.#resolve.ended(end);
  }

  #tell(from: 'phone' | 'gateway', to: 'phone' | 'gateway', what: string): void {
    this.#options.onEvent?.({ atMs: this.#clock.now(), from, to, what, callId: this.callId });
  }
}
