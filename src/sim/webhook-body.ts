/** The forms and accidents of delivery that Meta's pages and implementers tell of. */
export interface DeliveryOptions {
  /** Comes so many times. Default 1. */
  readonly copies?: number;
  /** Milliseconds before the first delivery. Default 0. */
  readonly delayMs?: number;
  /** Sent only after this event of the same call was delivered: `connect` after `terminate` turns their order round. */
  readonly after?: 'connect' | 'terminate';
  /** `entry[].changes[]` in place of `entry[].calls[]`; `bare`: without `calls[]` in its value. */
  readonly changesForm?: boolean | 'bare';
  /** Ids as bare numbers, beyond 2^53. */
  readonly numericIds?: boolean;
  /** Milliseconds in place of seconds. */
  readonly millisecondTimestamps?: boolean;
  /** Never delivered. */
  readonly drop?: boolean;
}

/** One entry of an envelope with one call event; `timestamp` of the event is in seconds. */
export function entryOf(
  pageId: string,
  event: Readonly<Record<string, unknown>>,
  options: DeliveryOptions,
): object {
  const time = Number(event['timestamp']);
  const item = options.millisecondTimestamps ? { ...event, timestamp: time * 1000 } : event;
  if (!options.changesForm) return { id: pageId, time, calls: [item] };
  const value = options.changesForm === 'bare' ? item : { calls: [item] };
  return { id: pageId, time, changes: [{ field: 'calls', value }] };
}

/** The JSON text of the whole body. */
export function envelope(entries: readonly object[], options: DeliveryOptions): string {
  const json = JSON.stringify({ object: 'page', entry: entries });
  return options.numericIds ? json.replace(/"(\d{5,})"/g, '$1') : json;
}

/** Meta signs and sends JSON with escaped slashes and `\uXXXX` for everything beyond ASCII. */
export function escaped(json: string): Buffer {
  const text = json
    .replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('/', '\\/');
  return Buffer.from(text);
}
