import type { ConsumerCall } from '../../../src/sim/index.ts';
import { hears } from '../../support/hears.ts';

/** Listening costs, and the whole call is in this process. */
const EVERY_MS = 200;

/** Resolves when the last half second that the consumer heard is this tone. */
export async function consumerHears(call: ConsumerCall, hz: number): Promise<void> {
  for (;;) {
    const heard = call.recording();
    if (heard.pcm.length > 0 && hears(heard, hz)) return;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}
