import { type Bridge, PacketCapture, type PhonePlan } from '../../media/index.ts';
import { GatewayError } from '../../shared/error.ts';
import type { LegQuality } from '../../shared/leg-quality.ts';
import type { WebrtcLeg, WebrtcState } from '../../webrtc/index.ts';
import type { Levels } from './one-way-watch.ts';
import type { MediaEvent } from './protocol.ts';
import type { CapturedCall, SocketAddress } from './traced.ts';

/** What a call in a worker shows of itself beside its work: steps of ICE and media for its trace, and packets. */
export class CallTap {
  readonly #tell: (event: MediaEvent) => void;
  readonly #levels: () => Levels;
  #bridge: Bridge | undefined;
  #leg: Pick<WebrtcLeg, 'dump'> | undefined;
  #phone: SocketAddress = { address: '0.0.0.0', port: 0 };
  #capture: PacketCapture | undefined;
  #wasSecure = false;

  /** @param levels since it was asked before */
  constructor(tell: (event: MediaEvent) => void, levels: () => Levels) {
    this.#tell = tell;
    this.#levels = levels;
  }

  opened(bridge: Bridge, leg: Pick<WebrtcLeg, 'dump'>, phone: SocketAddress): void {
    this.#bridge = bridge;
    this.#leg = leg;
    this.#phone = phone;
  }

  iceState(state: WebrtcState): void {
    if (state === 'ice-checking') return this.#told({ of: 'ice', state: 'checking' });
    if (state === 'disconnected') return this.#told({ of: 'ice', state: 'disconnected' });
    if (state === 'ice-connected') return this.#told({ of: 'ice', state: 'connected', ...this.#pair });
    if (state !== 'secure') return;
    if (this.#wasSecure) this.#told({ of: 'ice', state: 'back' });
    this.#wasSecure = true;
  }

  secure(profile: string): void {
    this.#told({ of: 'dtls', profile });
  }

  planned(plan: PhonePlan): void {
    const { codec, payloadType, ptimeMs, direction, remote, srtp, telephoneEvent, inbandDtmf, jitterBuffer } =
      plan;
    this.#told({
      of: 'plan',
      codec,
      payloadType,
      ptimeMs,
      direction,
      local: this.#phone,
      remote: { address: remote.address, port: remote.port },
      srtp: srtp !== undefined,
      keys: inbandDtmf ? 'tones' : telephoneEvent ? 'telephone-event' : 'none',
      jitterBuffer: jitterBuffer !== undefined,
    });
  }

  latched(address: string, port: number): void {
    this.#told({ of: 'latched', address, port });
  }

  silent(leg: 'consumer' | 'phone', ms: number): void {
    this.#told({ of: 'silent', leg, ms });
  }

  sample(): void {
    if (!this.#bridge) return;
    const [{ consumer, phone }, levels] = [this.#bridge.quality(), this.#levels()];
    const sample = { consumer: withLevel(consumer, levels.consumer), phone: withLevel(phone, levels.phone) };
    this.#told({ of: 'quality', sample });
  }

  /** Throws CAPTURE_BUSY. */
  startCapture({ maxBytes, payload }: { maxBytes: number; payload: boolean }): void {
    if (this.#capture) throw new GatewayError('CAPTURE_BUSY');
    const origin = Date.now() - performance.now();
    this.#capture = new PacketCapture({ maxBytes, payload, now: () => origin + performance.now() });
    this.#bridge?.captureInto(this.#capture);
  }

  stopCapture(): void {
    const capture = this.#capture;
    this.#capture = undefined;
    this.#bridge?.captureInto(undefined);
    if (!capture) return;
    const { local, remote } = this.#pair;
    const [here, there] = [addressOf(local), addressOf(remote)];
    const captured: CapturedCall = {
      packets: capture.packets(),
      missed: capture.missed,
      consumer: here && there ? { local: here, remote: there } : undefined,
      phone: this.#phone,
    };
    this.#tell({ kind: 'captured', captured });
  }

  /** The call ends: a last sample, and whatever was captured. */
  close(): void {
    this.sample();
    this.stopCapture();
    this.#bridge = undefined;
  }

  get #pair(): { readonly local?: string; readonly remote?: string; readonly rttMs?: number } {
    const { local, remote, rttMs } = this.#leg?.dump() ?? ({} as Pair);
    return {
      ...(local ? { local } : {}),
      ...(remote ? { remote } : {}),
      ...(rttMs === undefined ? {} : { rttMs }),
    };
  }

  #told(traced: Extract<MediaEvent, { kind: 'traced' }>['traced']): void {
    this.#tell({ kind: 'traced', traced });
  }
}

const withLevel = (leg: LegQuality, levelDb: number | undefined): LegQuality =>
  levelDb === undefined ? leg : { ...leg, levelDb: Math.round(levelDb * 10) / 10 };

/** Of the pair that ICE chose, as the leg dumps it. */
interface Pair {
  readonly local?: string | undefined;
  readonly remote?: string | undefined;
  readonly rttMs?: number | undefined;
}

/** `192.0.2.1:40000`, `2001:db8::1:40000`: the port is behind the last colon. */
function addressOf(text: string | undefined): SocketAddress | undefined {
  const at = text?.lastIndexOf(':') ?? -1;
  if (text === undefined || at < 0) return undefined;
  return { address: text.slice(0, at), port: Number(text.slice(at + 1)) };
}
