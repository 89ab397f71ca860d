import { expect } from 'vitest';
import { type MetaEvent, parseWebhook, type WebhookBatch, type WireWebhook } from '../../src/meta/index.ts';

export const PAGE = '102030405060708';
export const PSID = '7654321098765432';
export const CALL = 'c_9ZtQ4mR7wLk2';
export const SDP = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n';

export function batch(body: object | string): WebhookBatch {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const parsed = parseWebhook(Buffer.from(text));
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}

/** A body whose shape the compiler checks against Meta's forms. */
export function hook(body: WireWebhook): WebhookBatch {
  return batch(body);
}

/** The one event of a body with one call. */
export function event(call: object): MetaEvent | undefined {
  const { items, ignored } = batch({
    object: 'page',
    entry: [{ id: PAGE, time: 1_789_000_000, calls: [call] }],
  });
  expect(items.length + ignored.length).toBe(1);
  return items[0];
}
