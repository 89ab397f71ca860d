import { randomBytes, randomInt } from 'node:crypto';
import type { OpusLibrary } from '../media/index.ts';
import { buildSipOffer, negotiateSipAnswer, newSdes, type SipLocal } from '../sdp/index.ts';
import { type Clock, systemClock } from '../shared/clock.ts';
import type { InviteFailure, OutboundInvite, SipControl, SipDialog } from '../sip/index.ts';
import type { DeskPhoneOptions } from './desk-phone.ts';
import { type Heard, NOTHING_HEARD } from './events.ts';
import type { PhoneCallEnd } from './phone-call.ts';
import { PhoneMedia } from './phone-media.ts';

/** Whom the phone dials, and through which SIP server. */
export interface Dialed {
  /** What was typed: a short number, or a PSID. */
  readonly number: string;
  readonly host: string;
  readonly port: number;
  /** The phone's own extension. Default 201. */
  readonly extension?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For a challenge. */
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** One call that the phone dials. */
export class DialedCall {
  /** 18x statuses, in the order in which they came. */
  readonly progress: number[] = [];
  /** Resolves when the other side answered; stays pending when it never does: race `ended`. */
  readonly answered: Promise<void>;
  /** Resolves at the first 180. */
  readonly ringing: Promise<void>;
  readonly firstAudio: Promise<void>;
  readonly ended: Promise<PhoneCallEnd & { readonly failure?: InviteFailure }>;
  readonly #options: DeskPhoneOptions;
  readonly #clock: Clock;
  readonly #media: PhoneMedia;
  readonly #local: SipLocal;
  readonly #invite: OutboundInvite;
  readonly #resolve: {
    answered(): void;
    ringing(): void;
    ended(end: PhoneCallEnd & { readonly failure?: InviteFailure }): void;
  };
  #dialog: SipDialog | undefined;
  #over = false;

  static async dial(
    control: SipControl,
    opus: OpusLibrary,
    options: DeskPhoneOptions,
    dialed: Dialed,
  ): Promise<DialedCall> {
    const clock = options.clock ?? systemClock;
    const firstAudio = Promise.withResolvers<void>();
    const media = await PhoneMedia.open(opus, clock, options, () => firstAudio.resolve());
    return new DialedCall(control, media, clock, options, dialed, firstAudio.promise);
  }

  private constructor(
    control: SipControl,
    media: PhoneMedia,
    clock: Clock,
    options: DeskPhoneOptions,
    { number, host, port, extension = '201', headers = {}, credentials }: Dialed,
    firstAudio: Promise<void>,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#media = media;
    this.firstAudio = firstAudio;
    const answered = Promise.withResolvers<void>();
    const ringing = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<PhoneCallEnd & { readonly failure?: InviteFailure }>();
    this.answered = answered.promise;
    this.ringing = ringing.promise;
    this.ended = ended.promise;
    this.#resolve = { answered: answered.resolve, ringing: ringing.resolve, ended: ended.resolve };
    const sdes = newSdes(options.srtp ?? 'off', randomBytes);
    this.#local = {
      sessionId: String(randomInt(2 ** 47)),
      version: 1,
      address: '127.0.0.1',
      port: media.port,
      codecs: options.codecs,
      telephoneEvent: options.telephoneEvent ?? true,
      ptimeMs: 20,
      direction: 'sendrecv',
      ...(sdes ? { sdes } : {}),
    };
    const transport = options.transport === 'tcp' ? ';transport=tcp' : '';
    this.#tell('phone', 'gateway', `INVITE ${number}`);
    this.#invite = control.invite(
      {
        uri: `sip:${number}@${host}:${port}${transport}`,
        from: { user: extension, displayName: 'Desk' },
        headers,
        sdp: buildSipOffer(this.#local),
        ...(credentials ? { credentials } : {}),
      },
      {
        onProvisional: ({ status }) => {
          this.#tell('gateway', 'phone', String(status));
          this.progress.push(status);
          if (status === 180) this.#resolve.ringing();
        },
        onAnswered: ({ dialog, sdp }) => this.#answered(dialog, sdp),
        onFailed: (failure) => {
          this.#tell('gateway', 'phone', `${failure.status} ${failure.reason}`);
          void this.#end({ by: 'gateway', how: String(failure.status), failure });
        },
      },
    );
  }

  heard(): Heard & { readonly codec: string; readonly dtmf: string } {
    const { ear, codec, dtmf } = this.#media;
    return { ...(ear.heard() ?? NOTHING_HEARD), codec, dtmf };
  }

  /** RTP packets heard so far. */
  get packets(): number {
    return this.#media.ear.rxPackets;
  }

  /** The suite that both sides agreed on; empty when the media is in the clear. */
  get suite(): string {
    return this.#media.suite;
  }

  recording(): { readonly sampleRate: number; readonly pcm: Int16Array } {
    const { ear } = this.#media;
    return { sampleRate: ear.sampleRate, pcm: ear.recording() };
  }

  /** Gives up before the answer. */
  cancel(): void {
    this.#tell('phone', 'gateway', 'CANCEL');
    this.#invite.cancel();
  }

  /** Puts the receiver down; resolves when the BYE was answered. */
  async hangup(): Promise<void> {
    this.#tell('phone', 'gateway', 'BYE');
    const done = this.#dialog?.bye({ cause: 16, text: 'Normal call clearing' });
    await this.#end({ by: 'phone', how: 'BYE' });
    await done;
  }

  /** Drops everything. */
  async close(): Promise<void> {
    await this.#end({ by: 'phone', how: 'closed' });
  }

  #answered(dialog: SipDialog, sdp: string): void {
    this.#tell('gateway', 'phone', '200 OK');
    this.#dialog = dialog;
    dialog.attach({
      onBye: () => {
        this.#tell('gateway', 'phone', 'BYE');
        void this.#end({ by: 'gateway', how: 'BYE' });
      },
      onLost: (why) => void this.#end({ by: 'gateway', how: why }),
      onReinvite: async () => ({ status: 488 }),
    });
    const plan = negotiateSipAnswer(this.#local, sdp);
    if (!plan.ok) return void this.hangup();
    if (!this.#over) this.#media.start(plan.value);
    this.#resolve.answered();
  }

  async #end(end: PhoneCallEnd & { readonly failure?: InviteFailure }): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await this.#media.close();
    this.#resolve.ended(end);
  }

  #tell(from: 'phone' | 'gateway', to: 'phone' | 'gateway', what: string): void {
    this.#options.onEvent?.({ atMs: this.#clock.now(), from, to, what });
  }
}
