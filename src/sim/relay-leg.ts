import { randomBytes, randomInt } from 'node:crypto';
import type { RtpHeader } from 'werift';
import { type AudioDecoder, type OpusLibrary, opusSamples48k } from '../media/index.ts';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import { Ear } from './ear.ts';
import type { Heard } from './events.ts';
import type { ReplyForm } from './faults.ts';
import { KeysHeard } from './keys-heard.ts';
import type { CheckCounters } from './lite-agent.ts';
import type { MediaFault } from './media-fault.ts';
import { MediaPeer, type TakenRelay } from './media-peer.ts';
import {
  type AnswerParts,
  buildAnswer,
  buildRenegotiation,
  type ConsumerState,
  type GatewayOffer,
  voiceMid,
} from './meta-sdp.ts';
import { readRtp } from './read-rtp.ts';
import { type HeardReports, RelayRtcp } from './relay-rtcp.ts';
import { MESSENGER_EVENT, Voice, type VoiceOptions, WHATSAPP_EVENT } from './voice.ts';
import { answerOf, offerOf } from './whatsapp/sdp.ts';

export type SimPlatform = 'messenger' | 'whatsapp';

/** What the relay saw of the gateway; a test's oracle. */
export interface RelayView extends CheckCounters {
  /** SRTP or DTLS that could not be read. */
  readonly forged: number;
  /** RTP of another payload type, SSRC or mid than the offer's, or no Opus; RTP and RTCP that are none. */
  readonly strays: number;
  /** The phone's keys, by telephone-event, where the reply named it. */
  readonly keys: string;
  readonly rtcp: HeardReports;
  /** The consumer's packets, those that the bad network took included. */
  readonly sent: number;
  /** RTP before anybody was there to hear it: on WhatsApp it would start the caller's timer. */
  readonly early: number;
}

export interface RelayHost {
  readonly clock: Clock;
  readonly opus: OpusLibrary;
  readonly random: () => number;
  /** Where relays listen. */
  readonly relay: { readonly address: string; readonly address6?: string | undefined };
}

export interface RelayLegOptions {
  readonly platform: SimPlatform;
  /** The gateway's; unset: the relay offers, and `meet` takes the answer. */
  readonly offer?: GatewayOffer | undefined;
  readonly voice: VoiceOptions;
  readonly reply: ReplyForm;
  /** What is broken in its media. Default nothing. */
  readonly fault?: MediaFault | undefined;
  /** Meta's client gives up without any media for so long, ms; at the start and in mid-call. */
  readonly silenceDropMs: { readonly start: number; readonly later: number };
  /** The consumer has not picked up: no voice, and no patience is used up, before `talk`. */
  readonly waits?: boolean;
  readonly onSecure: () => void;
  readonly onFirstAudio: () => void;
  /** Once; nothing is sent or heard any more. */
  readonly onFailed: (reason: string) => void;
}

/** A consumer's media for another program to carry on: what it sends, and how. */
export interface TakenConsumer extends TakenRelay {
  readonly ssrc: number;
  /** Of the next packet; no wrap-around is behind it unless `random` of the simulator began just before one. */
  readonly sequence: number;
  readonly timestamp: number;
  readonly opusPayloadType: number;
  /** Of the m-line that carries the voice, for the header extension; unset: none is sent. */
  readonly mid?: string;
}

const RTCP_INTERVAL_MS = 5_000;
const FIRST_RTCP_MS = 500;

/** The media of one accepted call: the relay's transport, the consumer's voice and ear. */
export class RelayLeg {
  /** What the gateway's offer is answered with, or the relay's own offer. */
  readonly description: string;
  /** Empty on a platform that has none. */
  renegotiation: string;
  readonly ear = new Ear(16_000);
  readonly #host: RelayHost;
  readonly #options: RelayLegOptions;
  readonly #peer: MediaPeer;
  readonly #ssrc: number;
  readonly #rtcp: RelayRtcp;
  readonly #decoder: AudioDecoder;
  readonly #pcm = new Int16Array(5_760);
  #voice: Voice | undefined;
  #muted: boolean;
  /** Of Messenger's renegotiations; undefined where there are none. */
  readonly #parts: AnswerParts | undefined;
  #report: TimerHandle | undefined;
  #silence: TimerHandle | undefined;
  #strays = 0;
  readonly #keys = new KeysHeard();
  #over = false;
  #state: ConsumerState = {};
  #waits: boolean;
  #early = 0;
  #remote: GatewayOffer | undefined;

  /** Rejects with the system's error when the relay's address cannot be bound. */
  static async open(host: RelayHost, options: RelayLegOptions): Promise<RelayLeg> {
    const ufrag = `Hd82kQpLx0ZtWmYc${randomInt(10_000)}/57`;
    const otherUfrag = ufrag.replace('/', '//');
    const pwd = randomBytes(18).toString('base64');
    let leg: RelayLeg | undefined;
    const peer = await MediaPeer.open({
      remote: options.offer,
      // WhatsApp's answers are active.
      dtls: options.platform === 'whatsapp' && options.offer ? 'client' : 'server',
      ...host.relay,
      fault: options.fault,
      ufrag,
      otherUfrag,
      pwd,
      onSecure: () => leg?.secure(),
      onFailed: (reason) => leg?.fail(reason),
      onRtp: (packet) => leg?.hear(packet),
      onRtcp: (packet) => leg?.hearRtcp(packet),
    });
    leg = new RelayLeg(host, options, peer, { ufrag, otherUfrag, pwd });
    return leg;
  }

  private constructor(
    host: RelayHost,
    options: RelayLegOptions,
    peer: MediaPeer,
    { otherUfrag, ...names }: { readonly ufrag: string; readonly otherUfrag: string; readonly pwd: string },
  ) {
    this.#host = host;
    this.#options = options;
    this.#peer = peer;
    this.#ssrc = randomInt(1, 2 ** 32);
    this.#waits = options.waits ?? false;
    this.#muted = options.voice.muted === true;
    const { offer, reply, platform } = options;
    this.#remote = offer;
    const person = `${880_000_000 + randomInt(1_000_000)}:${randomBytes(12).toString('base64url')}`;
    this.#rtcp = new RelayRtcp(this.#ssrc, person);
    this.#decoder = host.opus.decoder(16_000);
    const parts = {
      candidates: peer.candidates,
      ...names,
      fingerprint: peer.fingerprint,
      person,
      track: String(randomInt(2 ** 47)),
      ssrc: this.#ssrc,
      telephoneEvent: reply.telephoneEvent === true,
      bumpVersion: reply.bumpVersion === true,
    };
    if (platform === 'whatsapp') {
      this.description = offer ? answerOf(offer, parts) : offerOf(parts);
      this.renegotiation = '';
      this.#parts = undefined;
    } else {
      if (!offer) throw new Error("Messenger's relay never offers first");
      this.description = buildAnswer({ ...parts, offer });
      const changed = reply.otherUfrag ? { ufrag: otherUfrag } : {};
      this.#parts = { ...parts, offer, ...changed };
      this.renegotiation = buildRenegotiation(this.#parts);
    }
    if (!this.#waits) this.#watchSilence(options.silenceDropMs.start);
  }

  /** The gateway's answer to the relay's offer: its checks are answered from now on. */
  meet(answer: GatewayOffer): void {
    this.#remote = answer;
    this.#peer.meet(answer);
  }

  /** The consumer picked up, or the business accepted. */
  talk(): void {
    if (!this.#waits || this.#over) return;
    this.#waits = false;
    this.#voice?.start();
    this.#watchSilence(this.#options.silenceDropMs.start);
  }

  heard(): Heard {
    return this.ear.heard();
  }

  view(): RelayView {
    return {
      ...this.#peer.counters,
      strays: this.#strays,
      keys: this.#keys.keys,
      rtcp: this.#rtcp.heard,
      sent: this.#voice?.packets ?? 0,
      early: this.#early,
    };
  }

  /** Presses keys; resolves when the last one is let go, or at the end. False before DTLS is up and after the end. */
  async press(digits: string): Promise<boolean> {
    if (!this.#voice || this.#over) return false;
    await this.#voice.press(digits);
    return true;
  }

  /** Muted, nothing but keys is sent, no RTCP either; consent is answered all the same. */
  mute(muted: boolean): void {
    this.#muted = muted;
    if (this.#voice) this.#voice.muted = muted;
  }

  /** What the consumer does changes the session: the new renegotiation offer; '' where there is none. */
  change(state: ConsumerState): string {
    this.#state = state;
    if (!this.#parts) return '';
    this.renegotiation = buildRenegotiation(this.#parts, state);
    if (this.#voice && !this.#options.reply.withoutRenegotiation)
      this.#voice.mid = this.#mid(this.#parts.offer);
    return this.renegotiation;
  }

  #mid(offer: GatewayOffer): string {
    return voiceMid(offer, this.#state);
  }

  /** Stops talking and hearing, for somebody who goes on from the same port with the same keys; undefined before DTLS. */
  async take(): Promise<TakenConsumer | undefined> {
    const [offer, voice] = [this.#remote, this.#voice];
    const taken = offer && voice && !this.#over ? await this.#peer.take() : undefined;
    if (!taken || !offer || !voice) return undefined;
    await this.close();
    const { mid, sequence, timestamp } = voice;
    return {
      ...taken,
      ssrc: this.#ssrc,
      sequence,
      timestamp,
      opusPayloadType: offer.opus,
      ...(mid === undefined ? {} : { mid }),
    };
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (!this.#over) {
      this.#over = true;
      this.#silence?.clear();
      this.#report?.clear();
      this.#voice?.close();
      this.#decoder.close();
    }
    await this.#peer.close();
  }

  secure(): void {
    if (this.#over || this.#voice) return;
    const { clock, opus, random } = this.#host;
    const { reply, voice, platform } = this.#options;
    const offer = this.#remote;
    if (!offer) return;
    // Without a renegotiation there is only the one line.
    const isOneLine = platform === 'whatsapp' || reply.withoutRenegotiation;
    const format = {
      ssrc: this.#ssrc,
      opusPayloadType: offer.opus,
      ...(platform === 'whatsapp' ? {} : { mid: isOneLine ? offer.mid : this.#mid(offer) }),
      telephoneEvent: platform === 'whatsapp' ? WHATSAPP_EVENT : MESSENGER_EVENT,
    };
    this.#voice = new Voice(this.#peer, opus, clock, random, format, voice);
    this.#voice.muted = this.#muted;
    if (!this.#waits) this.#voice.start();
    this.#reportAfter(FIRST_RTCP_MS);
    this.#options.onSecure();
  }

  hear(packet: Buffer): void {
    if (this.#over) return;
    const rtp = readRtp(packet);
    if (rtp && this.#isKey(rtp.header)) {
      this.#rtcp.rtp(rtp.header, this.#host.clock.monotonic());
      this.ear.packet(rtp.header.sequenceNumber, rtp.header.ssrc);
      return this.#keys.hear(rtp.payload, rtp.header.timestamp);
    }
    if (!rtp || !this.#isOurs(rtp.header) || opusSamples48k(rtp.payload) === 0) {
      this.#strays += 1;
      return;
    }
    const { header, payload } = rtp;
    if (this.#waits) this.#early += 1;
    const first = this.ear.rxPackets === 0;
    this.#rtcp.rtp(header, this.#host.clock.monotonic());
    this.ear.packet(header.sequenceNumber, header.ssrc);
    this.ear.hear(this.#pcm, this.#decoder.decode(payload, this.#pcm));
    if (!this.#waits) this.#watchSilence(this.#options.silenceDropMs.later);
    if (first) this.#options.onFirstAudio();
  }

  hearRtcp(packet: Buffer): void {
    if (!this.#over && !this.#rtcp.rtcp(packet, this.#host.clock.monotonic())) this.#strays += 1;
  }

  fail(reason: string): void {
    if (this.#over) return;
    void this.close();
    this.#options.onFailed(reason);
  }

  #isKey({ payloadType, ssrc }: RtpHeader): boolean {
    const { platform, reply } = this.#options;
    const event = platform === 'whatsapp' ? WHATSAPP_EVENT : MESSENGER_EVENT;
    return reply.telephoneEvent === true && payloadType === event.payloadType && ssrc === this.#remote?.ssrc;
  }

  /** The relay forwards what the offer announced, and nothing else. */
  #isOurs({ payloadType, ssrc, extensions }: RtpHeader): boolean {
    const offer = this.#remote;
    if (!offer) return false;
    if (payloadType !== offer.opus || (offer.ssrc !== undefined && ssrc !== offer.ssrc)) return false;
    const mid = extensions.find(({ id }) => id === 4)?.payload.toString('utf8');
    return mid === undefined || mid === offer.mid;
  }

  #watchSilence(ms: number): void {
    this.#silence?.clear();
    this.#silence = this.#host.clock.after(ms, () => this.fail(`no media for ${ms / 1000} s`));
  }

  #reportAfter(ms: number): void {
    const { clock } = this.#host;
    this.#report = clock.after(ms, () => {
      const report =
        !this.#muted && this.#voice && this.#rtcp.report(this.#voice, clock.now(), clock.monotonic());
      if (report) this.#peer.sendRtcp(report);
      this.#reportAfter(RTCP_INTERVAL_MS);
    });
  }
}
