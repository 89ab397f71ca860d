import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { RtpHeader, RtpPacket } from 'werift';
import {
  type AudioDecoder,
  type AudioEncoder,
  G711Decoder,
  G711Encoder,
  G722Decoder,
  G722Encoder,
  type OpusLibrary,
  type PhonePlan,
  Tone,
} from '../media/index.ts';
import type { Clock } from '../shared/clock.ts';
import { Ear } from './ear.ts';
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
  /** Keys heard by telephone-event. */
  dtmf = '';
  /** Packets that were not agreed: another payload type, from elsewhere, or a second source. */
  strays = 0;
  /** Of the gateway; it may change when the media is agreed anew, not in between. */
  #source: number | undefined;
  #heardFirst = false;
  #plan: PhonePlan | undefined;
  #encoder: AudioEncoder | undefined;
  #decoder: AudioDecoder | undefined;
  #tone: Tone | undefined;
  #sequence = randomInt(1_000);
  #timestamp = randomInt(2 ** 31);
  #lastEvent = '';
  #closed = false;

  static async open(
    opus: OpusLibrary,
    clock: Clock,
    toneHz: number,
    onFirst: () => void,
  ): Promise<PhoneMedia> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, '127.0.0.1', () => resolve());
    });
    return new PhoneMedia(socket, opus, clock, toneHz, onFirst);
  }

  private constructor(socket: Socket, opus: OpusLibrary, clock: Clock, toneHz: number, onFirst: () => void) {
    this.#socket = socket;
    this.#opus = opus;
    this.#toneHz = toneHz;
    this.#onFirst = onFirst;
    this.#pacer = new Pacer(clock, () => this.#send());
    socket.on('message', (packet, from) => this.#receive(packet, from));
    socket.on('error', () => {});
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get codec(): string {
    return this.#plan?.codec ?? '';
  }

  /** Talks by this plan from now on. */
  start(plan: PhonePlan): void {
    if (this.#plan?.codec !== plan.codec) this.#useCodec(plan);
    this.#plan = plan;
    this.#source = undefined;
    this.#pacer.start();
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

  #useCodec({ codec }: PhonePlan): void {
    this.#encoder?.close();
    this.#decoder?.close();
    const rate = codec === 'PCMU' || codec === 'PCMA' ? 8_000 : 16_000;
    if (codec === 'PCMU' || codec === 'PCMA') {
      this.#encoder = new G711Encoder(codec);
      this.#decoder = new G711Decoder(codec);
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
    this.#tone?.fill(this.#pcm, samples);
    const out = Buffer.alloc(1_275);
    const bytes = this.#encoder.encode(this.#pcm.subarray(0, samples), samples, out);
    const header = new RtpHeader({
      payloadType: plan.payloadType,
      sequenceNumber: this.#sequence,
      timestamp: this.#timestamp,
      ssrc: this.#ssrc,
    });
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const packet = new RtpPacket(header, out.subarray(0, bytes)).serialize();
    this.#socket.send(packet, plan.remote.port, plan.remote.address, () => {});
  }

  #receive(packet: Buffer, from: { readonly address: string; readonly port: number }): void {
    const plan = this.#plan;
    const type = (packet[1] ?? 0) & 127;
    const rtp = readRtp(packet);
    // RFC 5761 section 4: these are RTCP.
    if (!plan || !rtp || (type >= 64 && type <= 95)) return;
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
    if (isKey) return this.#key(payload, header.timestamp);
    const samples = this.#decoder?.decode(payload, this.#pcm) ?? 0;
    this.ear.hear(this.#pcm, samples);
  }

  /** A key counts when its end comes; the end comes three times. */
  #key(payload: Buffer, timestamp: number): void {
    const event = `${timestamp} ${payload[0]}`;
    if (((payload[1] ?? 0) & 0x80) === 0 || event === this.#lastEvent) return;
    this.#lastEvent = event;
    this.dtmf += KEYS[payload[0] ?? 16] ?? '';
  }
}
