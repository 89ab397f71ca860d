import type { CallEvent } from './arrivals.ts';

/** The forms and accidents of delivery that Meta's pages and implementers tell of. */
export interface DeliveryOptions {
  /** Comes so many times. Default 1. */
  readonly copies?: number;
  /** Milliseconds before the first delivery. Default 0. */
  readonly delayMs?: number;
  /** Sent only after this event of the same call was delivered: `connect` after `terminate` turns their order round. */
  readonly after?: CallEvent;
  /** `entry[].changes[]` in place of `entry[].calls[]`; `bare`: without `calls[]` in its value. */
  readonly changesForm?: boolean | 'bare';
  /** Ids as bare numbers, beyond 2^53. */
  readonly numericIds?: boolean;
  /** Milliseconds in place of seconds. */
  readonly millisecondTimestamps?: boolean;
  /** Never delivered. */
  readonly drop?: boolean;
  /** WhatsApp: the direction is missing. */
  readonly withoutDirection?: boolean;
  /** WhatsApp: the description in `connection.webrtc.sdp`, as JSON in a string. */
  readonly legacySdp?: boolean;
  /** WhatsApp: lines of the description end with a bare LF. */
  readonly bareLf?: boolean;
  /** WhatsApp: `setup:actpass` in Meta's answer. */
  readonly actpassAnswer?: boolean;
  /** WhatsApp: the status of a terminate in mixed case, in a list. */
  readonly oddStatus?: boolean;
}

/** One event of one call; `timestamp` in seconds. */
export interface WebhookEvent {
  readonly id: string;
  readonly event: 'connect' | 'call_status' | 'media_update' | 'terminate';
  readonly timestamp: number;
  readonly [more: string]: unknown;
}

/** One item of `entry[]`, with `calls` or with `changes`. */
export interface Entry {
  readonly id: string;
  /** Seconds; WhatsApp's entries have none. */
  readonly time?: number;
  readonly calls?: readonly object[];
  readonly changes?: readonly object[];
}

/** One entry with one event. */
export function entryOf(pageId: string, event: WebhookEvent, options: DeliveryOptions): Entry {
  const time = event.timestamp;
  const item = options.millisecondTimestamps ? { ...event, timestamp: time * 1000 } : event;
  if (!options.changesForm) return { id: pageId, time, calls: [item] };
  const value = options.changesForm === 'bare' ? item : { calls: [item] };
  return { id: pageId, time, changes: [{ field: 'calls', value }] };
}

/** The entries of each Page as one, in their order; its time is the latest. */
export function groupedByPage(entries: readonly Entry[]): Entry[] {
  const pages = new Map<string, Entry>();
  for (const { id, time, calls = [], changes = [] } of entries) {
    const page = pages.get(id);
    const all = {
      calls: [...(page?.calls ?? []), ...calls],
      changes: [...(page?.changes ?? []), ...changes],
    };
    pages.set(id, {
      id,
      ...(time === undefined ? {} : { time: Math.max(page?.time ?? 0, time) }),
      ...(all.calls.length > 0 ? { calls: all.calls } : {}),
      ...(all.changes.length > 0 ? { changes: all.changes } : {}),
    });
  }
  return [...pages.values()];
}

/** The JSON text of the whole body. */
export function envelope(
  entries: readonly Entry[],
  options: DeliveryOptions,
  object: 'page' | 'whatsapp_business_account' = 'page',
): string {
  const json = JSON.stringify({ object, entry: entries });
  return options.numericIds ? json.replace(/"(\d{5,})"/g, '$1') : json;
}

/** Meta signs and sends JSON with escaped slashes and `\uXXXX` for everything beyond ASCII. */
export function escaped(json: string): Buffer {
  const text = json
    .replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('/', '\\/');
  return Buffer.from(text);
}
