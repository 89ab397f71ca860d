import { describe, expect, it } from 'vitest';
import { type MetaEvent, parseWebhook } from '../../src/meta/index.ts';
import { CALL, PAGE, PSID, SDP } from './hooks.ts';

/** Mulberry32: the same "random" input in every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SAMPLE = {
  object: 'page',
  entry: [
    {
      id: PAGE,
      time: 1_789_000_000,
      calls: [
        { id: CALL, from: PSID, to: PAGE, event: 'connect', timestamp: 1, call_direction: 'user_initiated' },
        { id: CALL, event: 'call_status', timestamp: '2', recipient_id: PSID, call_status: 'ringing' },
        { id: CALL, event: 'media_update', session: { version: 1, sdp_renegotiation: { sdp: SDP } } },
        { id: CALL, event: 'terminate', status: 'Completed', duration: 3, start_time: 4, end_time: 5 },
      ],
      changes: [
        { field: 'calls', value: { calls: [{ id: 12_345_678_901, event: 'terminate' }] } },
        {
          field: 'call_settings_update',
          value: { audio_enabled: true, call_routing: { ring_target: 'META' } },
        },
      ],
      messaging: [{ sender: { id: PSID }, call_permission_reply: { response: 'approve' } }],
    },
  ],
};
const NUMBER = '550022';
const WHATSAPP_SAMPLE = {
  object: 'whatsapp_business_account',
  entry: [
    {
      id: '330011',
      changes: [
        {
          field: 'calls',
          value: {
            messaging_product: 'whatsapp',
            metadata: { phone_number_id: NUMBER, display_phone_number: '+254 700 000001' },
            contacts: [{ profile: { name: 'Amina' }, wa_id: '254711000002' }],
            calls: [
              {
                id: 'wacid.1',
                from: '254711000002',
                to: '254700000001',
                event: 'connect',
                direction: 'USER_INITIATED',
                timestamp: '1789000000',
                session: { sdp_type: 'offer', sdp: SDP },
              },
              {
                id: 'wacid.2',
                from: '254711000002',
                event: 'connect',
                connection: { webrtc: { sdp: JSON.stringify({ type: 'offer', sdp: SDP }) } },
              },
              { id: 'wacid.1', event: 'terminate', status: ['COMPLETED'], duration: 3, start_time: '4' },
            ],
            statuses: [
              {
                id: 'wacid.3',
                type: 'call',
                status: 'RINGING',
                timestamp: '5',
                recipient_id: '254711000002',
              },
            ],
            errors: [{ code: 138021 }],
          },
        },
        {
          field: 'messages',
          value: {
            metadata: { phone_number_id: NUMBER },
            messages: [
              {
                from: '254711000002',
                timestamp: '6',
                interactive: { call_permission_reply: { response: 'accept', expiration_timestamp: '7' } },
              },
            ],
          },
        },
      ],
    },
  ],
};
const ODD = [
  null,
  true,
  0,
  -1,
  1e300,
  '',
  'page',
  'v=0',
  '{"sdp":"v=0"}',
  [],
  {},
  [[]],
  [{}],
  '__proto__',
  1e12,
];

/** Swaps, removes, wraps and doubles nodes of a JSON value. */
function mutate(value: unknown, random: () => number): unknown {
  const pick = (): unknown => ODD[Math.floor(random() * ODD.length)];
  if (random() < 0.06) return pick();
  if (random() < 0.02) return [value, value];
  if (Array.isArray(value)) return value.flatMap((each) => (random() < 0.05 ? [] : [mutate(each, random)]));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, each]): [string, unknown][] => {
    if (random() < 0.05) return [];
    return [[random() < 0.03 ? String(pick()) : key, mutate(each, random)]];
  });
  return Object.fromEntries(entries);
}

function isSound(item: MetaEvent): boolean {
  const id = /^[\x21-\x7e]{1,512}$/;
  return (
    id.test(item.pageId) &&
    (!('callId' in item) || id.test(item.callId)) &&
    (item.timestampMs === undefined || !Number.isNaN(new Date(item.timestampMs).getTime())) &&
    item.dedupeKey.startsWith(`${item.pageId}|`) &&
    (item.kind !== 'connect' || (id.test(item.consumerId) && item.consumerId !== item.pageId)) &&
    (item.kind !== 'media_update' || item.sdp === undefined || item.sdp.endsWith('\r\n')) &&
    (item.kind !== 'connect' || item.session === undefined || item.session.sdp.endsWith('\r\n'))
  );
}

describe('any input', () => {
  it.each([
    ['Messenger', SAMPLE],
    ['WhatsApp', WHATSAPP_SAMPLE],
  ])('of bent structure gives sound events or none (%s)', (_name, sample) => {
    const random = randomOf(1);
    let events = 0;
    for (let round = 0; round < 20_000; round++) {
      const parsed = parseWebhook(Buffer.from(JSON.stringify(mutate(sample, random)) ?? ''));
      if (!parsed.ok) continue;
      for (const item of parsed.value.items) {
        events += 1;
        if (!isSound(item)) expect(item).toBe('sound');
      }
    }
    expect(events).toBeGreaterThan(10_000);
  });

  it.each([
    ['Messenger', SAMPLE],
    ['WhatsApp', WHATSAPP_SAMPLE],
  ])('of bent bytes never throws (%s)', (_name, sample) => {
    const random = randomOf(2);
    const good = Buffer.from(JSON.stringify(sample));
    let bad = 0;
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(good);
      for (let n = Math.floor(random() * 8) + 1; n > 0; n--) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      const end = random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length;
      if (!parseWebhook(bytes.subarray(0, end)).ok) bad += 1;
    }
    expect(bad).toBeGreaterThan(1_000);
  });
});
