import type { Clock } from '../shared/clock.ts';
import type { SipDialog } from '../sip/index.ts';
import type { PhoneMedia } from './phone-media.ts';

/** How a phone tells of a key. */
export type KeyMethod = 'rfc4733' | 'info' | 'inband';

const KEY_MS = 120;
const PAUSE_MS = 120;

/** Presses keys one after the other, each by all of `methods` at once; resolves when the last one is let go. */
export async function pressKeys(
  digits: string,
  methods: readonly KeyMethod[],
  media: PhoneMedia | undefined,
  dialog: SipDialog | undefined,
  clock: Clock,
): Promise<void> {
  for (const digit of digits) {
    if (methods.includes('rfc4733')) media?.sendEvent(digit, KEY_MS);
    if (methods.includes('inband')) media?.sendTone(digit, KEY_MS);
    if (methods.includes('info')) {
      await dialog?.info('application/dtmf-relay', `Signal=${digit}\r\nDuration=${KEY_MS}\r\n`);
    }
    await new Promise<void>((resolve) => clock.after(KEY_MS + PAUSE_MS, resolve));
  }
}
