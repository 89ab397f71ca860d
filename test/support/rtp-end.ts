import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { dominantFrequency, G711Decoder, G711Encoder, levelDbfs, Tone } from '../../src/media/index.ts';

/** A packet as it came. */
export interface Received {
  readonly atMs: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
  readonly from: RemoteInfo;
}

export interface Voice {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** 0 PCMU, 8 PCMA. */
  readonly payloadType?: 0 | 8;
  readonly ssrc?: number;
  /** Of a packet, ms. Default 20. */
  readonly packetMs?: number;
  /** How often packets leave, ms: as many at once as are due. Default one at a time. */
  readonly everyMs?: number;
}

/** One end of RTP without a mind of its own: sends what the test says, keeps what comes. G.711, 20 ms. */
export class RtpEnd {
  readonly port: number;
  readonly received: Received[] = [];
  readonly #socket: Socket;
  #timer: NodeJS.Timeout | undefined;
  #sequence = 1_000;
  #timestamp = 160_000;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on('message', (data, from) => this.#take(data, from));
  }

  /** Closed when the test ends. */
  static async start(address = '127.0.0.1'): Promise<RtpEnd> {
    const socket = createSocket('udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    const end = new RtpEnd(socket);
    onTestFinished(() => {
      end.hush();
      socket.close();
    });
    return end;
  }

  /** Sends a tone until `hush`. */
  talk(
    hz: number,
    { port, address = '127.0.0.1', payloadType = 0, ssrc = 0x0a0b0c0d, packetMs = 20, everyMs }: Voice,
  ): void {
    this.hush();
    const samples = packetMs * 8;
    const tone = new Tone(hz, 8_000);
    const encoder = new G711Encoder(payloadType === 0 ? 'PCMU' : 'PCMA');
    const pcm = new Int16Array(samples);
    const payload = Buffer.alloc(samples);
    const startedMs = performance.now();
    let frames = 0;
    const send = (): void => {
      // A late timer is made up for, so that the far side hears an unbroken tone.
      for (; frames * packetMs <= performance.now() - startedMs; frames++) {
        tone.fill(pcm, samples);
        encoder.encode(pcm, samples, payload);
        this.send({ port, address, payloadType, ssrc, payload, marker: frames === 0 });
        this.#timestamp += samples;
      }
    };
    send();
    this.#timer = setInterval(send, everyMs ?? packetMs / 2);
  }

  /** Sends no RTP, but a receiver report without blocks (RFC 3550 6.4.2) every 100 ms, until `hush`. */
  onlyReports({ port, ssrc }: { readonly port: number; readonly ssrc: number }): void {
    this.hush();
    const report = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0]);
    report.writeUInt32BE(ssrc, 4);
    this.#timer = setInterval(() => this.#socket.send(report, port, '127.0.0.1', () => {}), 100);
  }

  hush(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One packet; sequence and timestamp are the next of its own. */
  send(packet: {
    readonly port: number;
    readonly address?: string;
    readonly payloadType: number;
    readonly ssrc?: number;
    readonly marker?: boolean;
    readonly timestamp?: number;
    readonly payload: Uint8Array;
  }): void {
    const header = Buffer.alloc(12);
    header[0] = 0x80;
    header[1] = (packet.marker ? 0x80 : 0) | packet.payloadType;
    header.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    header.writeUInt32BE((packet.timestamp ?? this.#timestamp) >>> 0, 4);
    header.writeUInt32BE((packet.ssrc ?? 0x0a0b0c0d) >>> 0, 8);
    this.#socket.send(
      Buffer.concat([header, packet.payload]),
      packet.port,
      packet.address ?? '127.0.0.1',
      () => {},
    );
  }

  /** A key by telephone-event (RFC 4733): down for `durationMs`, its end three times. */
  press(
    code: number,
    to: { readonly port: number; readonly payloadType: number; readonly clockRate?: number },
  ): void {
    const { port, payloadType, clockRate = 8_000 } = to;
    const timestamp = this.#timestamp;
    const packet = (ended: boolean, durationMs: number, marker = false): void => {
      const payload = Buffer.from([code, (ended ? 0x80 : 0) | 10, 0, 0]);
      payload.writeUInt16BE((durationMs * clockRate) / 1_000, 2);
      this.send({ port, payloadType, payload, timestamp, marker });
    };
    for (let ms = 20; ms <= 100; ms += 20) packet(false, ms, ms === 20);
    for (let i = 0; i < 3; i++) packet(true, 120);
    this.#timestamp += (120 * 8_000) / 1_000;
  }

  /** G.711 of the last `ms` ms that came, in the order of arrival; less when less came. */
  pcm(ms = 500): Int16Array {
    const packets = this.received
      .filter(({ payloadType }) => payloadType === 0 || payloadType === 8)
      .slice(-ms / 20);
    const out = new Int16Array(packets.reduce((sum, { payload }) => sum + payload.length, 0));
    let at = 0;
    for (const { payload, payloadType } of packets) {
      const decoder = new G711Decoder(payloadType === 0 ? 'PCMU' : 'PCMA');
      at += decoder.decode(payload, out.subarray(at));
    }
    return out;
  }

  /** The strongest frequency of the last half second, Hz; 0 for silence. */
  get hz(): number {
    return dominantFrequency(this.pcm(), 8_000);
  }

  get levelDb(): number {
    return levelDbfs(this.pcm());
  }

  hears(hz: number): boolean {
    return Math.abs(this.hz / hz - 1) < 0.02;
  }

  /** Packets of telephone-event with this number. */
  events(payloadType: number): Received[] {
    return this.received.filter((packet) => packet.payloadType === payloadType);
  }

  #take(data: Buffer, from: RemoteInfo): void {
    // RTCP of the same port has 200 to 207 there.
    if (data.length < 12 || ((data[1] as number) >= 200 && (data[1] as number) <= 207)) return;
    this.received.push({
      atMs: performance.now(),
      payloadType: (data[1] as number) & 0x7f,
      marker: (data[1] as number) > 0x7f,
      sequence: data.readUInt16BE(2),
      timestamp: data.readUInt32BE(4),
      ssrc: data.readUInt32BE(8),
      payload: Buffer.from(data.subarray(12)),
      from,
    });
  }
}
