import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { RtpHeader, RtpPacket } from 'werift';
import {
  type AudioDecoder,
  type AudioEncoder,
  DtmfDetector,
  DtmfGenerator,
  G711Decoder,
  G711Encoder,
  G722Decoder,
  G722Encoder,
  L16Decoder,
  L16Encoder,
  type OpusLibrary,
  type PhonePlan,
  SrtpSession,
  Tone,
} from '../media/index.ts';
import type { Clock } from '../shared/clock.ts';
import { Ear } from './ear.ts';
import { KeysHeard } from './keys-heard.ts';
import type { MediaPath } from './lite-agent.ts';
import { Pacer } from './pacer.ts';
import { readRtp } from './read-rtp.ts';

/** A phone's media for another program to carry on. */
export interface TakenPhone extends MediaPath {
  readonly plan: PhonePlan;
  readonly ssrc: number;
  /** Of the next packet. */
  readonly sequence: number;
  readonly timestamp: number;
}

const KEYS = '0123456789*#ABCD';

/** RTP of a desk phone: a tone out, an ear in, keys heard. Its own packets are written by werift's RTP classes. */
export class PhoneMedia {
  readonly #socket: Socket;
  readonly #opus: OpusLibrary;
  readonly #pacer: Pacer;
  readonly #toneHz: number;
  readonly #onFirst: () => void;
  readonly #pcm = new Int16Array(5_760);
  readonly #ssrc = randomInt(1, 2 ** 32);
  ear = new Ear(8_000);
  readonly #eventKeys = new KeysHeard();
  /** Keys that came another way: as tones, by SIP INFO. */
  otherKeys = '';
  /** Packets that were not agreed: another payload type, key or address, or a second source. */
  strays = 0;
  /** Of the gateway; it may change when the media is agreed anew, not in between. */
  #source: number | undefined;
  #heardFirst = false;
  #srtp: SrtpSession | undefined;
  #plan: PhonePlan | undefined;
  #encoder: AudioEncoder | undefined;
  #decoder: AudioDecoder | undefined;
  #tone: Tone | undefined;
  #sequence = randomInt(1_000);
  #timestamp = randomInt(2 ** 31);
  readonly #tones = new DtmfGenerator();
  #detector: DtmfDetector | undefined;
  /** Telephone-events to send, one packet a frame. */
  #events: { readonly payload: Buffer; readonly timestamp: number; readonly first: boolean }[] = [];
  #closed = false;

  static async open(
    opus: OpusLibrary,
    clock: Clock,
    options: { readonly toneHz: number; readonly inbandDtmf?: boolean },
    onFirst: () => void,
  ): Promise<PhoneMedia> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, '127.0.0.1', () => resolve());
    });
    return new PhoneMedia(socket, opus, clock, options, onFirst);
  }

  private constructor(
    socket: Socket,
    opus: OpusLibrary,
    clock: Clock,
    { toneHz, inbandDtmf }: { readonly toneHz: number; readonly inbandDtmf?: boolean },
    onFirst: () => void,
  ) {
    this.#socket = socket;
    this.#opus = opus;
    this.#toneHz = toneHz;
    if (inbandDtmf) {
      this.#detector = new DtmfDetector((step, code) => {
        if (step === 'end') this.otherKeys += KEYS[code] ?? '';
      });
    }
    this.#onFirst = onFirst;
    this.#pacer = new Pacer(clock, () => this.#send());
    socket.on('message', (packet, from) => this.#receive(packet, from));
    socket.on('error', () => {});
  }

  /** Keys heard, by whatever way the gateway took. */
  get dtmf(): string {
    return this.#eventKeys.keys + this.otherKeys;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** The suite of SRTP; empty without. */
  get suite(): string {
    return this.#plan?.srtp?.profile ?? '';
  }

  get codec(): string {
    return this.#plan?.codec ?? '';
  }

  /** Talks by this plan from now on. */
  start(plan: PhonePlan): void {
    if (this.#plan?.codec !== plan.codec || this.#plan.clockRate !== plan.clockRate) this.#useCodec(plan);
    this.#plan = plan;
    if (plan.srtp && this.#srtp) this.#srtp.rekey(plan.srtp);
    else if (plan.srtp) this.#srtp = new SrtpSession(plan.srtp);
    this.#source = undefined;
    this.#pacer.start();
  }

  /** Sends a key as a telephone-event; false when none is agreed. @param ms how long, whole frames of 20 ms */
  sendEvent(key: string, ms: number): boolean {
    const event = this.#plan?.telephoneEvent;
    if (!event) return false;
    const frames = ms / 20;
    const timestamp = this.#timestamp;
    for (let n = 1; n <= frames + 2; n++) {
      const last = n >= frames;
      const payload = Buffer.from([KEYS.indexOf(key), (last ? 0x80 : 0) | 10, 0, 0]);
      payload.writeUInt16BE((Math.min(n, frames) * event.clockRate) / 50, 2);
      this.#events.push({ payload, timestamp, first: n === 1 });
    }
    return true;
  }

  /** Sends a key as a tone in place of its own. @param ms how long */
  sendTone(key: string, ms: number): void {
    this.#tones.press(KEYS.indexOf(key), ms);
  }

  pause(): void {
    this.#pacer.stop();
  }

  /** Closes it so that another program goes on from the same port; undefined before it talks and after the end. */
  async take(): Promise<TakenPhone | undefined> {
    const plan = this.#plan;
    if (!plan || this.#closed) return undefined;
    const { address, port } = this.#socket.address();
    await this.close();
    const numbers = { ssrc: this.#ssrc, sequence: this.#sequence, timestamp: this.#timestamp };
    return { local: { address, port }, remote: plan.remote, plan, ...numbers };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#pacer.stop();
    this.#encoder?.close();
    this.#decoder?.close();
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #useCodec({ codec, clockRate }: PhonePlan): void {
    this.#encoder?.close();
    this.#decoder?.close();
    const rate = codec === 'L16' ? clockRate : codec === 'PCMU' || codec === 'PCMA' ? 8_000 : 16_000;
    if (codec === 'PCMU' || codec === 'PCMA') {
      this.#encoder = new G711Encoder(codec);
      this.#decoder = new G711Decoder(codec);
    } else if (codec === 'L16') {
      this.#encoder = new L16Encoder(rate);
      this.#decoder = new L16Decoder(rate);
    } else if (codec === 'G722') {
      this.#encoder = new G722Encoder();
      this.#decoder = new G722Decoder();
    } else {
      this.#decoder = this.#opus.decoder(rate);
      this.#encoder = this.#opus.encoder({
        sampleRate: rate,
        bitrate: 24_000,
        complexity: 3,
        inbandFec: true,
        expectedLossPercent: 5,
        dtx: false,
        maxPlaybackRate: rate,
      });
    }
    this.#tone = new Tone(this.#toneHz, rate);
    if (this.ear.sampleRate !== rate) this.ear = new Ear(rate);
  }

  #send(): void {
    const plan = this.#plan;
    if (!plan || !this.#encoder || this.#closed) return;
    const samples = this.#encoder.sampleRate / 50;
    this.#timestamp = (this.#timestamp + plan.clockRate / 50) >>> 0;
    if (plan.direction === 'recvonly' || plan.direction === 'inactive') return;
    const event = this.#events.shift();
    if (event && plan.telephoneEvent) return this.#emit(plan, plan.telephoneEvent.payloadType, event);
    this.#tone?.fill(this.#pcm, samples);
    if (this.#tones.active)
      this.#pcm.fill(0, this.#tones.read(this.#pcm, samples, this.#encoder.sampleRate), samples);
    const out = Buffer.alloc(1_275);
    const bytes = this.#encoder.encode(this.#pcm.subarray(0, samples), samples, out);
    this.#emit(plan, plan.payloadType, {
      payload: out.subarray(0, bytes),
      timestamp: this.#timestamp,
      first: false,
    });
  }

  #emit(
    plan: PhonePlan,
    payloadType: number,
    {
      payload,
      timestamp,
      first,
    }: { readonly payload: Buffer; readonly timestamp: number; readonly first: boolean },
  ): void {
    const header = new RtpHeader({
      payloadType,
      sequenceNumber: this.#sequence,
      timestamp,
      ssrc: this.#ssrc,
      marker: first,
    });
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const packet = this.#protected(new RtpPacket(header, payload).serialize());
    this.#socket.send(packet, plan.remote.port, plan.remote.address, () => {});
  }

  #receive(packet: Buffer, from: { readonly address: string; readonly port: number }): void {
    const plan = this.#plan;
    const type = (packet[1] ?? 0) & 127;
    // RFC 5761 section 4: these are RTCP.
    if (!plan || !readRtp(packet) || (type >= 64 && type <= 95)) return;
    const clear = this.#clear(packet);
    const rtp = clear && readRtp(clear);
    if (!rtp) {
      this.strays += 1;
      return;
    }
    const { header, payload } = rtp;
    const isKey = header.payloadType === plan.telephoneEvent?.receivePayloadType;
    const isAgreed = isKey || plan.receivePayloadTypes.includes(header.payloadType);
    const isThere = from.address === plan.remote.address && from.port === plan.remote.port;
    if (!isAgreed || !isThere || header.ssrc !== (this.#source ?? header.ssrc)) {
      this.strays += 1;
      return;
    }
    this.#source = header.ssrc;
    this.ear.packet(header.sequenceNumber, header.ssrc);
    if (!this.#heardFirst) {
      this.#heardFirst = true;
      this.#onFirst();
    }
    if (isKey) return this.#eventKeys.hear(payload, header.timestamp);
    const samples = this.#decoder?.decode(payload, this.#pcm) ?? 0;
    this.ear.hear(this.#pcm, samples);
    this.#detector?.write(this.#pcm, samples, this.ear.sampleRate, 0);
  }

  #protected(packet: Buffer): Buffer {
    if (!this.#plan?.srtp || !this.#srtp) return packet;
    const room = Buffer.concat([packet, Buffer.alloc(16)]);
    return room.subarray(0, this.#srtp.protectRtp(room, packet.length));
  }

  /** Undefined for what is not authentic. */
  #clear(packet: Buffer): Buffer | undefined {
    if (!this.#plan?.srtp || !this.#srtp) return packet;
    const length = this.#srtp.unprotectRtp(packet, packet.length);
    return length < 0 ? undefined : packet.subarray(0, length);
  }
}
