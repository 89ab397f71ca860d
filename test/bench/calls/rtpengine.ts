import { execFile } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { MediaPeer } from '../../../src/sim/media-peer.ts';
import { PeerProcess, peerFolder } from '../../support/peer-process.ts';
import { freeUdpPort } from '../../support/ports.ts';
import { asRealtime } from '../machine.ts';
import { compileNative } from '../native/compile.ts';
import { type Codec, type HeldCall, rtpHeader } from './gateway-calls.ts';
import type { Carrier } from './ladder.ts';
import { NgControl } from './ng-control.ts';

const OPUS = 111;
const PCMU = 0;
/** What Meta's description asks for. */
const BITRATE = 20_000;

export interface RtpengineOptions {
  readonly codec: Codec;
  /** Of its encoder; undefined: its own, which is 10. */
  readonly complexity?: number | undefined;
  /** What goes before the command, such as `taskset -c 0`. */
  readonly launcher: readonly string[];
}

/**
 * rtpengine in user space, between a WebRTC consumer and a phone: what an operator would have in our place. Version
 * 10.5 encodes Opus by libavcodec: at 48 kHz, in stereo because the rtpmap says 2 channels, without FEC. The bit rate
 * can be asked for; the complexity cannot, and is set by a preloaded function. Its buffer for DTX, which would delay
 * transcoded audio by 50 ms, is off.
 */
export class Rtpengine implements Carrier {
  readonly name = 'rtpengine';
  /** Its ICE waits for a timer: two seconds a call, whatever else it does. */
  readonly atOnce = 20;
  readonly pauseMs = (): number => 0;
  readonly #process: PeerProcess;
  readonly #control: NgControl;
  readonly #codec: Codec;
  #count = 0;

  /** Undefined, and a loud line on stderr, where it is not installed or cannot be told the complexity. */
  static async start({ codec, complexity, launcher }: RtpengineOptions): Promise<Rtpengine | undefined> {
    const installed = await promisify(execFile)('rtpengine', ['--version']).catch(() => undefined);
    if (!installed) return skipped('it is not installed');
    const preload =
      complexity === undefined ? '' : await compileNative(COMPLEXITY, ['dl'], ['-shared', '-fPIC']);
    if (preload === undefined) return skipped('its Opus complexity cannot be set');
    const port = await freeUdpPort();
    const [command = '', ...args] = [
      ...launcher,
      // As our media threads are; its own option leaves those out that move packets.
      ...asRealtime(),
      ...['rtpengine', '--config-file=none', '--foreground', '--log-stderr', '--log-level=4', '--table=-1'],
      // Below the ports that the system gives away: between the end of a call's peer and the load program that goes on
      // from its port, rtpengine took that. And below those that phones are given (test/support/ports.ts).
      ...['--interface=127.0.0.1', `--listen-ng=127.0.0.1:${port}`, '--port-min=2000', '--port-max=11999'],
      ...['--timeout=3600', '--silent-timeout=3600', '--num-threads=1', '--dtx-delay=0', '--delete-delay=0'],
    ];
    const env = preload === '' ? {} : { LD_PRELOAD: preload, BENCH_OPUS_COMPLEXITY: String(complexity) };
    const engine = new Rtpengine(new PeerProcess(command, args, peerFolder('rtpengine'), env), port, codec);
    if (await engine.#ready()) return engine;
    const said = engine.#process.tail();
    await engine.stop();
    return skipped(`it did not start: ${said}`);
  }

  private constructor(child: PeerProcess, port: number, codec: Codec) {
    this.#process = child;
    this.#control = new NgControl(port);
    this.#codec = codec;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  lastWords(): string {
    return this.#process.tail();
  }

  takePauses(): readonly [] {
    return [];
  }

  mediaStops(): undefined {}

  /** A call through ICE and DTLS; its media is then the load program's. */
  async make(): Promise<HeldCall> {
    const index = this.#count++;
    const secure = Promise.withResolvers<void>();
    const names = { ufrag: `u${index}x${randomInt(1e6)}`, pwd: randomBytes(18).toString('hex') };
    const peer = await MediaPeer.open({
      address: '127.0.0.1',
      ...names,
      otherUfrag: `${names.ufrag}o`,
      onSecure: secure.resolve,
      onFailed: (reason) => secure.reject(new Error(reason)),
      onRtp: () => {},
      onRtcp: () => {},
    });
    const ssrc = randomInt(1, 2 ** 31);
    const phonePort = await freeUdpPort();
    const id = { 'call-id': `call-${index}-${randomInt(1e9)}`, 'from-tag': `f${index}` };
    const port = peer.candidates[0]?.port ?? 0;
    const offered = await this.#control.ask('offer', {
      ...id,
      sdp: consumerSdp(port, names, peer.fingerprint, ssrc),
      ICE: 'remove',
      'transport-protocol': 'RTP/AVP',
      'rtcp-mux': ['demux'],
      replace: ['origin', 'session-connection'],
      ...(this.#codec === 'PCMU'
        ? { codec: { mask: ['all'], transcode: ['PCMU'], set: [`opus/48000/2/${BITRATE}`] } }
        : {}),
    });
    const answered = await this.#control.ask('answer', {
      ...id,
      'to-tag': `t${index}`,
      sdp: phoneSdp(phonePort, this.#codec),
      ICE: 'force',
      'transport-protocol': 'UDP/TLS/RTP/SAVPF',
      'rtcp-mux': ['accept'],
      replace: ['origin', 'session-connection'],
    });
    const toPhone = String(offered['sdp']);
    const answer = String(answered['sdp']);
    peer.meet({
      sessionId: '',
      trackId: '',
      mid: '0',
      opus: OPUS,
      ufrag: field(answer, 'a=ice-ufrag:'),
      pwd: field(answer, 'a=ice-pwd:'),
      fingerprint: field(answer, 'a=fingerprint:sha-256 ').toUpperCase(),
    });
    await Promise.race([
      secure.promise,
      sleep(10_000).then(() => Promise.reject(new Error('no DTLS in 10 s'))),
    ]);
    // The server is secure before its last flight has left; nobody would repeat that.
    await sleep(100);
    const taken = await peer.take();
    if (!taken) throw new Error('the media of a call that is up could not be taken');
    if (taken.srtp.profile !== 1) throw new Error(`SRTP profile ${taken.srtp.profile}`);
    const { keys } = taken.srtp;
    const numbers = { sequence: randomInt(1, 0x4000), timestamp: randomInt(2 ** 31) };
    return {
      ends: {
        passThrough: this.#codec === 'opus',
        consumer: {
          local: `127.0.0.1:${taken.local.port}`,
          remote: `${taken.remote.address}:${taken.remote.port}`,
          sendKey: Buffer.concat([keys.localMasterKey, keys.localMasterSalt]),
          receiveKey: Buffer.concat([keys.remoteMasterKey, keys.remoteMasterSalt]),
          icePwd: taken.icePwd,
          header: rtpHeader(OPUS, ssrc, '0'),
          ...numbers,
        },
        phone: {
          local: `127.0.0.1:${phonePort}`,
          remote: `127.0.0.1:${/^m=audio (\d+)/m.exec(toPhone)?.[1]}`,
          header: rtpHeader(this.#codec === 'opus' ? OPUS : PCMU, randomInt(1, 2 ** 31)),
          ...numbers,
        },
      },
      hangUp: () => this.#control.ask('delete', id),
    };
  }

  async stop(): Promise<void> {
    this.#control.close();
    await this.#process.close('SIGTERM');
  }

  async #ready(): Promise<boolean> {
    for (let i = 0; i < 100 && !this.#process.ended; i++) {
      const answer = await this.#control.ask('ping', {}, 200).catch(() => undefined);
      if (answer?.['result'] === 'pong') return true;
    }
    return false;
  }
}

const COMPLEXITY = new URL('../native/opus-complexity.c', import.meta.url);

function skipped(why: string): undefined {
  process.stderr.write(`SKIPPED: rtpengine as the baseline: ${why}\n`);
}

const field = (sdp: string, name: string): string => {
  const line = sdp.split('\r\n').find((each) => each.startsWith(name));
  if (!line) throw new Error(`no ${name} in rtpengine's answer:\n${sdp}`);
  return line.slice(name.length);
};

const OPUS_LINES = [
  `a=rtpmap:${OPUS} opus/48000/2`,
  `a=fmtp:${OPUS} maxaveragebitrate=${BITRATE};maxplaybackrate=16000;minptime=10;useinbandfec=1`,
];

/** The consumer's offer: ICE-lite and the DTLS server, as Meta's relay is. */
function consumerSdp(
  port: number,
  { ufrag, pwd }: { readonly ufrag: string; readonly pwd: string },
  fingerprint: string,
  ssrc: number,
): string {
  return sdpOf([
    'a=group:BUNDLE 0',
    'a=ice-lite',
    `m=audio ${port} UDP/TLS/RTP/SAVPF ${OPUS}`,
    'c=IN IP4 127.0.0.1',
    `a=candidate:1 1 udp 2122260223 127.0.0.1 ${port} typ host`,
    'a=end-of-candidates',
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    `a=fingerprint:sha-256 ${fingerprint}`,
    'a=setup:passive',
    'a=mid:0',
    'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
    'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
    'a=sendrecv',
    'a=rtcp-mux',
    ...OPUS_LINES,
    `a=ssrc:${ssrc} cname:consumer`,
  ]);
}

function phoneSdp(port: number, codec: Codec): string {
  const [type, lines] = codec === 'opus' ? [OPUS, OPUS_LINES] : [PCMU, ['a=rtpmap:0 PCMU/8000']];
  return sdpOf([
    `m=audio ${port} RTP/AVP ${type}`,
    'c=IN IP4 127.0.0.1',
    ...lines,
    'a=ptime:20',
    'a=sendrecv',
  ]);
}

const sdpOf = (lines: readonly string[]): string =>
  ['v=0', `o=- ${randomInt(2 ** 40)} 1 IN IP4 127.0.0.1`, 's=-', 't=0 0', ...lines, ''].join('\r\n');
