import { dominantFrequency } from '../../../src/media/index.ts';
import type { ConsumerCall } from '../../../src/sim/index.ts';

/** Listening costs, and the whole call is in this process. */
const EVERY_MS = 200;

/** Resolves when the last half second that the consumer heard is this tone. */
export async function consumerHears(call: ConsumerCall, hz: number): Promise<void> {
  for (;;) {
    const { sampleRate, pcm } = call.recording();
    const last = pcm.subarray(-sampleRate / 2);
    if (last.length > 0 && Math.abs(dominantFrequency(last, sampleRate) / hz - 1) < 0.02) return;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
