import type { CapturedPacket } from '../../observe/index.ts';
import { GatewayError } from '../../shared/error.ts';
import type { CapturedCall, SocketAddress } from '../media/traced.ts';
import type { TraceDeskOptions } from './options.ts';

export interface CaptureWish {
  /** How long packets are captured; 0: none are. */
  readonly seconds: number;
  /** The audio itself. */
  readonly payload: boolean;
}

/** How long the worker's packets are waited for when a capture is over, ms. */
const PATIENCE_MS = 5_000;

const NOWHERE: SocketAddress = { address: '0.0.0.0', port: 0 };

/** Captures that run: each ends after its time, or with its call. */
export class CaptureDesk {
  readonly #options: TraceDeskOptions;
  readonly #running = new Map<string, (captured: CapturedCall) => void>();

  constructor(options: TraceDeskOptions) {
    this.#options = options;
  }

  /** Packets of the next seconds. Rejects with CAPTURE_BUSY; a call without media has none. */
  async capture(callId: string, { seconds, payload }: CaptureWish): Promise<CapturedPacket[]> {
    const { plane, config, clock } = this.#options;
    if (this.#running.has(callId)) throw new GatewayError('CAPTURE_BUSY');
    const { promise, resolve } = Promise.withResolvers<CapturedCall | undefined>();
    this.#running.set(callId, resolve);
    const stop = (): void => {
      // Of a call that is gone nothing comes any more.
      plane()
        .request('stopCapture', { call: callId })
        .catch(() => resolve(undefined));
    };
    const timer = clock.after(seconds * 1_000, stop);
    const patience = clock.after(seconds * 1_000 + PATIENCE_MS, () => resolve(undefined));
    try {
      const { maxBytes } = config.capture;
      const begun = await plane()
        .request('startCapture', { call: callId, maxBytes, payload })
        .then(
          () => true,
          (error: unknown) => {
            if (error instanceof GatewayError && error.code === 'CAPTURE_BUSY') throw error;
            return false;
          },
        );
      const captured = begun ? await promise : undefined;
      return captured ? this.#packets(captured, payload) : [];
    } finally {
      timer.clear();
      patience.clear();
      this.#running.delete(callId);
    }
  }

  captured(callId: string, captured: CapturedCall): void {
    this.#running.get(callId)?.(captured);
  }

  #packets({ packets, missed, consumer, phone }: CapturedCall, payload: boolean): CapturedPacket[] {
    const { config, log } = this.#options;
    if (missed > 0) log.warn({ missed, maxBytes: config.capture.maxBytes }, 'capture.full');
    // As phones see it: the bound address may be any of the machine.
    const address = config.rtp.externalAddress ?? phone.address;
    return packets.map(({ leg, rtcp, peer, bytes, length, ...rest }) => {
      const whole = Buffer.alloc(length);
      whole.set(bytes);
      const ours = { address, port: phone.port + (rtcp ? 1 : 0) };
      return {
        ...rest,
        leg,
        rtcp,
        local: leg === 'consumer' ? (consumer?.local ?? NOWHERE) : ours,
        remote: leg === 'consumer' ? (consumer?.remote ?? NOWHERE) : (peer ?? NOWHERE),
        bytes: whole,
        blank: bytes.length < length && !payload,
      };
    });
  }
}
