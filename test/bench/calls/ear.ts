import { createOpusLibrary, dominantFrequency, G711Decoder } from '../../../src/media/index.ts';
import type { Codec } from './gateway-calls.ts';
import type { Heard } from './load.ts';
import { CONSUMER_HZ, PHONE_HZ } from './voice.ts';

/** Throws when an end of a call did not hear the other's voice: a second of it, told by its strongest frequency. */
export async function checkHeard(calls: readonly Heard[], codec: Codec): Promise<void> {
  const opus = await createOpusLibrary();
  const pcm = new Int16Array(5_760);
  const pitch = (payloads: readonly Buffer[], from: 'phone' | 'consumer'): number => {
    const isPcmu = from === 'consumer' && codec === 'PCMU';
    const decoder = isPcmu ? new G711Decoder('PCMU') : opus.decoder(16_000);
    const heard = payloads.flatMap((payload) => [...pcm.subarray(0, decoder.decode(payload, pcm))]);
    decoder.close();
    return dominantFrequency(Int16Array.from(heard), decoder.sampleRate);
  };
  for (const { phone, consumer } of calls) {
    expectHz('the phone', pitch(phone, 'consumer'), CONSUMER_HZ);
    expectHz('the consumer', pitch(consumer, 'phone'), PHONE_HZ);
  }
}

function expectHz(who: string, hz: number, wanted: number): void {
  if (Math.abs(hz / wanted - 1) > 0.03) throw new Error(`${who} heard ${hz.toFixed(0)} Hz, not ${wanted}`);
}
