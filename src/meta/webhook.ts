import { GatewayError } from '../shared/error.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { callItem } from './call-item.ts';
import type { IgnoredItems, MetaEvent, WebhookBatch } from './events.ts';
import { describe, foreign, type Ignored, type Item, malformed } from './item.ts';
import { idOf, isObject, type Json, type JsonObject, listOf, parseJsonLossless, wordOf } from './json.ts';
import { partyOf, permissionReply, settingsUpdate } from './page-item.ts';
import { whatsappChange } from './whatsapp-item.ts';

/** Reasons told of one batch; what goes beyond shares the last. */
const MAX_REASONS = 50;

/**
 * Reads one POST of Meta's: up to 1000 updates, several entries, calls under `entry[].calls[]` or
 * `entry[].changes[]`. Each item stands for itself: one that makes no sense is counted as ignored and the others
 * are taken. Errors: META_WEBHOOK_MALFORMED when the body is no JSON object at all. Never throws.
 *
 * @param raw the body as received, UTF-8
 */
export function parseWebhook(raw: Uint8Array): Result<WebhookBatch, GatewayError> {
  const parsed = parseJsonLossless(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('utf8'));
  if (!parsed.ok) return noWebhook(`The body is no JSON: ${parsed.error}.`);
  const body = parsed.value;
  if (!isObject(body)) return noWebhook('The body is no JSON object.');
  const items: MetaEvent[] = [];
  const ignored = new Tally();
  const object = wordOf(body['object']);
  if (object !== 'page' && object !== 'whatsapp_business_account') {
    ignored.add(foreign(`object is ${describe(body['object'])}, not "page"`), undefined);
    return ok({ items, ignored: ignored.list() });
  }
  const entries = listOf(body['entry']);
  if (!entries || entries.length === 0) ignored.add(malformed('the body has no entry'), undefined);
  for (const entry of entries ?? []) {
    if (object !== 'page') {
      for (const item of whatsappEntry(entry)) {
        if ('kind' in item) items.push(item);
        else ignored.add(item, undefined);
      }
      continue;
    }
    const pageId = isObject(entry) ? (idOf(entry['id']) ?? partyOf(entry['recipient'])) : undefined;
    for (const item of isObject(entry) ? entryItems(entry, pageId) : [malformed('an entry is no object')]) {
      if ('kind' in item) items.push(item);
      else ignored.add(item, pageId);
    }
  }
  return ok({ items, ignored: ignored.list() });
}

function* whatsappEntry(entry: Json): Generator<Item> {
  if (!isObject(entry)) return yield malformed('an entry is no object');
  const changes = listOf(entry['changes']);
  if (!changes) return yield malformed('changes of an entry is neither a list nor an object');
  if (changes.length === 0) return yield foreign('an entry holds nothing of ours');
  for (const change of changes) yield* whatsappChange(change);
}

function* entryItems(entry: JsonObject, pageId: string | undefined): Generator<Item> {
  let empty = true;
  for (const [key, read] of Object.entries(PARTS)) {
    const part = entry[key];
    if (part === undefined || part === null) continue;
    empty = false;
    const list = listOf(part);
    if (!list) yield malformed(`${key} of an entry is neither a list nor an object`);
    for (const item of list ?? []) yield* read(item, pageId, entry);
  }
  if (empty) yield foreign('an entry holds nothing of ours');
}

type PartReader = (part: Json, pageId: string | undefined, entry: JsonObject) => Iterable<Item>;

/** Where Meta puts what is ours, by the key of the entry. */
const PARTS: Readonly<Record<string, PartReader>> = {
  calls: (call, pageId, entry) => [pageId ? callItem(call, pageId, entry['time']) : NO_PAGE],
  changes: changeItems,
  // An entry as the page on permissions prints it: sender and recipient beside the reply, no id.
  call_permission_reply: (_reply, pageId, entry) => [pageId ? permissionReply(entry, pageId) : NO_PAGE],
  call_settings: (settings, pageId, entry) => [
    settingsItem(settings, pageId ?? idOf(entry['recipient_id']), entry['time']),
  ],
  messaging: (message, pageId) => [messagingItem(message, pageId)],
};

const NO_PAGE = malformed('an entry names no Page (id, recipient.id)');

function settingsItem(settings: Json, pageId: string | undefined, time: Json | undefined): Item {
  if (!isObject(settings)) return malformed('a settings update is no object');
  // Meta's table has a recipient_id, its sample an id of the entry.
  const id = pageId ?? idOf(settings['recipient_id']);
  return id ? settingsUpdate(settings, id, time) : NO_PAGE;
}

function messagingItem(message: Json, entryPageId: string | undefined): Item {
  if (!isObject(message)) return malformed('a messaging event is no object');
  if (!isObject(message['call_permission_reply'])) return foreign('a messaging event');
  const pageId = entryPageId ?? partyOf(message['recipient']);
  return pageId ? permissionReply(message, pageId) : NO_PAGE;
}

/** `{ field, value }`: the value is what the entry would hold, or the one item itself. */
function* changeItems(change: Json, entryPageId: string | undefined, entry: JsonObject): Generator<Item> {
  if (!isObject(change)) return yield malformed('a change is no object');
  const { field, value } = change;
  const name = wordOf(field);
  if (name !== 'calls' && name !== 'call_permission_reply' && name !== 'call_settings_update') {
    return yield foreign(`field ${describe(field)} is not ours`);
  }
  if (!isObject(value)) return yield malformed(`a change of ${name} has no value`);
  const pageId = entryPageId ?? partyOf(value['recipient']);
  const { time } = entry;
  if (name === 'call_settings_update') {
    return yield settingsItem(value['call_settings'] ?? value, pageId ?? idOf(value['recipient_id']), time);
  }
  if (!pageId) return yield NO_PAGE;
  switch (name) {
    case 'calls': {
      const calls = value['calls'] === undefined ? [value] : listOf(value['calls']);
      if (!calls) return yield malformed('calls of a change is neither a list nor an object');
      for (const call of calls) yield callItem(call, pageId, time);
      return;
    }
    case 'call_permission_reply': {
      const whole = isObject(value[name]) ? value : { ...value, [name]: value };
      return yield permissionReply(whole, pageId);
    }
  }
}

/** Ignored items, counted by reason and Page: a hostile or broken batch must not become a million log lines. */
class Tally {
  readonly #counts = new Map<string, { -readonly [K in keyof IgnoredItems]: IgnoredItems[K] }>();

  add(item: Ignored, pageId: string | undefined): void {
    const full = this.#counts.size >= MAX_REASONS;
    const key = `${pageId ?? ''} ${item.nature} ${item.reason}`;
    const known = this.#counts.get(key) ?? (full ? this.#counts.get(REST) : undefined);
    if (known) known.count += 1;
    else if (full) this.#counts.set(REST, { reason: 'other reasons', nature: 'malformed', count: 1 });
    else this.#counts.set(key, { ...item, ...(pageId ? { pageId } : {}), count: 1 });
  }

  list(): readonly IgnoredItems[] {
    return [...this.#counts.values()];
  }
}

const REST = 'rest';

function noWebhook(message: string): Result<never, GatewayError> {
  return err(new GatewayError('META_WEBHOOK_MALFORMED', message));
}
