const KEYS = '0123456789*#ABCD';

/** Keys by telephone-event (RFC 4733): one counts when its end comes, which comes three times. */
export class KeysHeard {
  keys = '';
  #last = '';

  hear(payload: Buffer, timestamp: number): void {
    const event = `${timestamp} ${payload[0]}`;
    if (((payload[1] ?? 0) & 0x80) === 0 || event === this.#last) return;
    this.#last = event;
    this.keys += KEYS[payload[0] ?? 16] ?? '';
  }
}
