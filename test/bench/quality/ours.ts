import type { LegStats, OpusLibrary } from '../../../src/media/index.ts';
import { VirtualCall } from '../../media/bridge/virtual-call.ts';
import type { Arrival } from './network.ts';

const RATE = 16_000;
const L16 = { payloadType: 96, receivePayloadTypes: [96], clockRate: RATE } as const;

/**
 * The consumer's packets through a whole bridge on a virtual clock, to a phone that takes PCM (L16, 16 kHz): what it
 * hears when it plays each packet at its RTP timestamp, as a phone whose own buffer never runs dry.
 */
export async function through(
  opus: OpusLibrary,
  packets: readonly Uint8Array[],
  network: readonly Arrival[],
  buffered: boolean,
): Promise<{ readonly pcm: Int16Array; readonly stats: LegStats }> {
  const call = await VirtualCall.open(opus, 'L16', {
    ...L16,
    ...(buffered ? { jitterBuffer: { minDelayMs: 40, maxDelayMs: 200 } } : {}),
  });
  try {
    for (const { index, atMs } of network) {
      call.until(atMs);
      call.fromConsumer(packets[index] as Uint8Array, index, index * 960);
    }
    const stats = call.bridge.dump().consumer;
    call.until(call.now + 500);
    const first = call.toPhone[0]?.timestamp ?? 0;
    const pcm = new Int16Array(((packets.length * 20 + 2_000) * RATE) / 1000);
    for (const { timestamp, payload } of call.toPhone) {
      const at = (timestamp - first) | 0;
      for (let i = 0; i + 1 < payload.length; i += 2) {
        if (at + i / 2 < pcm.length) pcm[at + i / 2] = payload.readInt16BE(i);
      }
    }
    return { pcm, stats };
  } finally {
    await call.close();
  }
}
