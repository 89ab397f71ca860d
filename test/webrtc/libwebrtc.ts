import { createSocket, type Socket } from 'node:dgram';
import { createRequire } from 'node:module';

/** As much of the W3C API and of wrtc's non-standard audio ends as the tests need. */
interface PeerConnection {
  readonly iceGatheringState: string;
  readonly localDescription: { readonly sdp: string };
  setRemoteDescription(description: object): Promise<void>;
  setLocalDescription(description: object): Promise<void>;
  createAnswer(): Promise<object>;
  createOffer(): Promise<object>;
  addTrack(track: object): void;
  close(): void;
  onicegatheringstatechange: (() => void) | null;
  ontrack: ((event: { readonly track: object }) => void) | null;
}

interface AudioFrame {
  readonly samples: Int16Array;
  readonly sampleRate: number;
}

interface Wrtc {
  readonly RTCPeerConnection: new () => PeerConnection;
  readonly nonstandard: {
    readonly RTCAudioSource: new () => { createTrack(): { stop(): void }; onData(data: object): void };
    readonly RTCAudioSink: new (
      track: object,
    ) => { ondata: ((frame: AudioFrame) => void) | null; stop(): void };
  };
}

const wrtc = createRequire(import.meta.url)('@roamhq/wrtc') as Wrtc;

const RATE = 48_000;
const TONE_HZ = 440;

/** Chrome's WebRTC stack as the other side: BoringSSL's DTLS as server, its own ICE and SRTP, a 440 Hz tone. */
export class LibwebrtcPeer {
  readonly #pc = new wrtc.RTCPeerConnection();
  readonly #source = new wrtc.nonstandard.RTCAudioSource();
  readonly #track = this.#source.createTrack();
  #sink: { stop(): void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Called with the loudest sample of each 10 ms it hears. */
  onHeard: (peak: number) => void = () => {};

  /**
   * @param offerSdp ours
   * @param role who it is in DTLS: Messenger's answers make it the server, WhatsApp's the client
   */
  async answer(offerSdp: string, role: 'client' | 'server' = 'server'): Promise<string> {
    const pc = this.#listen();
    const sdp = role === 'server' ? offerSdp.replace('setup:actpass', 'setup:active') : offerSdp;
    await pc.setRemoteDescription({ type: 'offer', sdp });
    await pc.setLocalDescription(await pc.createAnswer());
    return this.#gathered();
  }

  /** Its own offer, as WhatsApp's connect webhook brings one. */
  async offer(): Promise<string> {
    const pc = this.#listen();
    await pc.setLocalDescription(await pc.createOffer());
    return this.#gathered();
  }

  async answered(answerSdp: string): Promise<void> {
    await this.#pc.setRemoteDescription({ type: 'answer', sdp: answerSdp });
  }

  #listen(): PeerConnection {
    const pc = this.#pc;
    pc.addTrack(this.#track);
    pc.ontrack = ({ track }) => {
      const sink = new wrtc.nonstandard.RTCAudioSink(track);
      sink.ondata = ({ samples }) =>
        this.onHeard(samples.reduce((peak, s) => Math.max(peak, Math.abs(s)), 0));
      this.#sink = sink;
    };
    return pc;
  }

  async #gathered(): Promise<string> {
    const pc = this.#pc;
    while (pc.iceGatheringState !== 'complete') {
      await new Promise<void>((resolve) => {
        pc.onicegatheringstatechange = resolve;
      });
    }
    return pc.localDescription.sdp;
  }

  startTone(): void {
    let at = 0;
    this.#timer = setInterval(() => {
      const samples = Int16Array.from(
        { length: RATE / 100 },
        (_, i) => 12_000 * Math.sin((2 * Math.PI * TONE_HZ * (at + i)) / RATE),
      );
      at += samples.length;
      this.#source.onData({
        samples,
        sampleRate: RATE,
        bitsPerSample: 16,
        channelCount: 1,
        numberOfFrames: samples.length,
      });
    }, 10);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#sink?.stop();
    this.#track.stop();
    this.#pc.close();
  }
}

type Lose = (datagram: Buffer, towards: 'leg' | 'peer') => boolean;

/** A UDP hop between the leg and libwebrtc that loses what the test wants lost. */
export class LossyHop {
  readonly #socket: Socket;
  readonly #lose: Lose;
  #leg: { readonly port: number } | undefined;
  #peer: { readonly address: string; readonly port: number } | undefined;

  static async open(lose: Lose): Promise<LossyHop> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '0.0.0.0', resolve));
    return new LossyHop(socket, lose);
  }

  private constructor(socket: Socket, lose: Lose) {
    this.#socket = socket;
    this.#lose = lose;
    socket.on('message', (datagram, from) => {
      const towards = from.port === this.#peer?.port ? 'leg' : 'peer';
      if (towards === 'peer') this.#leg ??= { port: from.port };
      if (this.#lose(datagram, towards)) return;
      const to = towards === 'leg' ? { address: '127.0.0.1', port: this.#leg?.port } : this.#peer;
      if (to?.port !== undefined) socket.send(datagram, to.port, to.address);
    });
  }

  /** The offer without our addresses, so that the peer knows us by the hop only. */
  offer(sdp: string): string {
    return sdp.replace(/a=candidate.*\r\n/g, '');
  }

  /** The answer with the hop's address in place of the peer's first UDP one. */
  answer(sdp: string): string {
    const first = /a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host/.exec(sdp);
    if (!first) throw new Error('The peer has no IPv4 host candidate.');
    this.#peer = { address: first[1] ?? '', port: Number(first[2]) };
    const ours = `a=candidate:1 1 udp 2130706431 127.0.0.1 ${this.#socket.address().port} typ host\r\n`;
    return sdp.replace(/a=candidate.*\r\n/g, '').replace('a=ice-ufrag', `${ours}a=ice-ufrag`);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
