import { randomBytes, randomInt } from 'node:crypto';
import type { OpusLibrary, PhonePlan } from '../media/index.ts';
import { answerSipOffer, freshSipOffer, negotiateSipAnswer, newSdes, type SipLocal } from '../sdp/index.ts';
import { type Clock, systemClock } from '../shared/clock.ts';
import type { IncomingInvite, SipDialog } from '../sip/index.ts';
import type { DeskPhoneOptions } from './desk-phone.ts';
import { type Heard, NOTHING_HEARD } from './events.ts';
import { PhoneMedia, type TakenPhone } from './phone-media.ts';
import { type KeyMethod, pressKeys } from './press-keys.ts';

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
  /** Keys that came by SIP INFO. */
  infos = 0;
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
    return { ...(media?.ear.heard() ?? NOTHING_HEARD), codec: media?.codec ?? '', dtmf: media?.dtmf ?? '' };
  }

  /** RTP packets heard so far. */
  get packets(): number {
    return this.#media?.ear.rxPackets ?? 0;
  }

  /** The suite that both sides agreed on; empty when the media is in the clear. */
  get suite(): string {
    return this.#media?.suite ?? '';
  }

  /** Packets of the gateway's that were not agreed: payload type, address, a second source. */
  get strays(): number {
    return this.#media?.strays ?? 0;
  }

  recording(): { readonly sampleRate: number; readonly pcm: Int16Array } {
    const ear = this.#media?.ear;
    return { sampleRate: ear?.sampleRate ?? 8_000, pcm: ear?.recording() ?? new Int16Array() };
  }

  /** Picks up; 488 when the offer has none of its codecs. */
  async answer(): Promise<void> {
    if (this.#over || this.#media) return;
    this.#ringing?.clear();
    const media = await PhoneMedia.open(this.#opus, this.#clock, this.#options, () => {
      this.#tell('gateway', 'phone', 'first audio packet');
      this.#resolve.firstAudio();
    });
    this.#media = media;
    if (this.#over) return media.close();
    const sdes = newSdes(this.#options.srtp ?? 'off', randomBytes);
    const local: SipLocal = {
      sessionId: String(randomInt(2 ** 47)),
      version: 0,
      address: '127.0.0.1',
      port: media.port,
      codecs: this.#options.codecs,
      telephoneEvent: this.#options.telephoneEvent ?? true,
      ptimeMs: 20,
      direction: 'sendrecv',
      ...(sdes ? { sdes } : {}),
    };
    const answer = answerSipOffer(local, this.#invite.sdp ?? '');
    if (!answer.ok) return this.reject(488);
    this.#local = answer.value.local;
    media.start(answer.value.plan);
    const accepted = await this.#invite.accept(answer.value.answerSdp);
    if (!accepted.ok) return this.#end({ by: 'gateway', how: 'CANCEL' });
    if (this.#over) return accepted.value.bye();
    this.#tell('phone', 'gateway', '200 OK');
    this.#dialog = accepted.value;
    this.#dialog.attach({
      onBye: () => {
        this.#tell('gateway', 'phone', 'BYE');
        void this.#end({ by: 'gateway', how: 'BYE' });
      },
      onLost: (why) => void this.#end({ by: 'gateway', how: why }),
      onReinvite: async (offerSdp) => this.#answerAgain(offerSdp),
      onReinviteAnswer: (answerSdp) => void this.#agree(answerSdp),
      onInfo: ({ contentType, body }) => {
        const key = /^Signal= ?([0-9*#A-D])/m.exec(body)?.[1];
        if (contentType !== 'application/dtmf-relay' || !key || !this.#media) return 415;
        this.#media.otherKeys += key;
        this.infos += 1;
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

  /** Hands the phone's media to another program; the dialog lives on. Undefined before it talks and after the end. */
  async takeMedia(): Promise<TakenPhone | undefined> {
    return this.#over ? undefined : this.#media?.take();
  }

  /** Presses keys, each by all of these methods at once; resolves when the last one is let go. */
  press(digits: string, ...methods: readonly KeyMethod[]): Promise<void> {
    return pressKeys(digits, methods, this.#media, this.#dialog, this.#clock);
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
  redirect(direction: SipLocal['direction']): Promise<boolean> {
    return this.#reinvite({ direction });
  }

  /** Re-INVITE with these codecs, in this order; false when refused: then the old ones stay. */
  changeCodecs(codecs: SipLocal['codecs']): Promise<boolean> {
    return this.#reinvite({ codecs });
  }

  /** Re-INVITE with new SRTP keys; false when refused, and when the phone has no SRTP. */
  async changeKeys(): Promise<boolean> {
    const sdes = newSdes(this.#options.srtp ?? 'off', randomBytes);
    return sdes !== undefined && (await this.#reinvite({ sdes }));
  }

  /** Sends no RTP any more, as a phone that lost its network does. */
  fallSilent(): void {
    this.#media?.pause();
  }

  async close(): Promise<void> {
    await this.#end({ by: 'phone', how: 'closed' });
  }

  async #reinvite(change: Partial<Pick<SipLocal, 'direction' | 'codecs' | 'sdes'>>): Promise<boolean> {
    const before = this.#local;
    if (!before || !this.#dialog) return false;
    const offer = freshSipOffer(before, { direction: before.direction, ...change });
    this.#local = offer.local;
    const answer = await this.#dialog.reinvite(offer.offerSdp);
    if (answer.ok && this.#agree(answer.value)) return true;
    // The version was used up all the same (RFC 3264 section 8).
    this.#local = { ...before, version: offer.local.version };
    return false;
  }

  /** The gateway's re-INVITE or UPDATE: hold, its end, another codec; without SDP we offer all that we have. */
  #answerAgain(offerSdp: string | undefined): { readonly sdp: string } | { readonly status: number } {
    const local = this.#local;
    if (!local || !this.#media) return { status: 488 };
    this.#tell('gateway', 'phone', 're-INVITE');
    if (offerSdp === undefined) {
      const offer = freshSipOffer(local, { codecs: this.#options.codecs });
      this.#local = offer.local;
      return { sdp: offer.offerSdp };
    }
    const answer = answerSipOffer(local, offerSdp);
    if (!answer.ok) return { status: 488 };
    this.#local = answer.value.local;
    this.#talk(answer.value.plan);
    return { sdp: answer.value.answerSdp };
  }

  #agree(answerSdp: string): boolean {
    const plan = this.#local && negotiateSipAnswer(this.#local, answerSdp);
    if (!plan?.ok) return false;
    this.#talk(plan.value);
    return true;
  }

  #talk(plan: PhonePlan): void {
    if (!this.#over) this.#media?.start(plan);
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
