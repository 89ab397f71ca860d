import { describe, expect, it } from 'vitest';
import { parseWebhook } from '../../src/meta/index.ts';
import { batch, CALL, hook, PAGE, PSID } from './hooks.ts';

const connect = (id: string): object => ({
  id,
  to: PAGE,
  from: PSID,
  event: 'connect',
  timestamp: 1_789_000_000,
  call_direction: 'user_initiated',
});
const ids = (body: object): unknown[] =>
  batch(body).items.map((item) => ('callId' in item ? item.callId : item.kind));

describe('the envelope', () => {
  it('holds calls under entry[].calls[] and entry[].changes[], in both of their forms', () => {
    const body = {
      object: 'page',
      entry: [
        { id: PAGE, time: 1, calls: [connect('c_1'), connect('c_2')] },
        {
          id: PAGE,
          time: 1,
          changes: [
            { field: 'calls', value: { calls: [connect('c_3'), connect('c_4')] } },
            { field: 'calls', value: connect('c_5') },
            { field: 'calls', value: { calls: connect('c_6') } },
          ],
        },
        { id: PAGE, calls: connect('c_7'), changes: { field: 'calls', value: connect('c_8') } },
      ],
    };
    expect(ids(body)).toEqual(['c_1', 'c_2', 'c_3', 'c_4', 'c_5', 'c_6', 'c_7', 'c_8']);
  });

  it('may be for several Pages', () => {
    const entry = ['11', '22'].map((id) => ({ id, calls: [{ ...connect('c_1'), to: id }] }));
    expect(batch({ object: 'page', entry }).items.map(({ pageId }) => pageId)).toEqual(['11', '22']);
  });

  it('loses no item to its malformed neighbours', () => {
    const bad = [7, null, 'x', [], {}, { event: 'connect' }, { id: CALL, event: 'connect', from: PAGE }];
    const body = {
      object: 'page',
      entry: [
        null,
        5,
        { id: PAGE, calls: [...bad, connect('c_1'), ...bad] },
        { id: PAGE, calls: 'none' },
        { id: '', calls: [connect('c_lost')] },
        { id: PAGE, changes: [...bad, { field: 'calls' }, { field: 'calls', value: connect('c_2') }] },
        { id: PAGE, messaging: [{ message: { text: 'private words' } }], calls: [connect('c_3')] },
      ],
    };
    expect(ids(body)).toEqual(['c_1', 'c_2', 'c_3']);
    const { ignored } = batch(body);
    expect(ignored.every(({ reason, count }) => reason.length > 0 && count > 0)).toBe(true);
    expect(JSON.stringify(ignored)).not.toContain('private');
    expect(ignored).toContainEqual({
      reason: 'a messaging event',
      nature: 'foreign',
      pageId: PAGE,
      count: 1,
    });
    expect(ignored).toContainEqual({
      reason: 'an entry names no Page (id, recipient.id)',
      nature: 'malformed',
      count: 1,
    });
  });

  it('is not ours when it is for another object', () => {
    for (const object of ['instagram', 'whatsapp_business_account', undefined, 3]) {
      const { items, ignored } = batch({ object, entry: [{ id: PAGE, calls: [connect('c_1')] }] });
      expect(items).toEqual([]);
      expect(ignored).toMatchObject([{ nature: 'foreign', count: 1 }]);
    }
    expect(batch({ object: 'page' }).ignored).toMatchObject([{ reason: 'the body has no entry' }]);
    expect(hook({ object: 'page', entry: [{ id: PAGE }] }).ignored).toMatchObject([{ nature: 'foreign' }]);
  });

  it.each(['', ' ', '{', 'null', '[]', '"page"', '1', 'hub.mode=subscribe', '\u0000', '{"object":"page"}}'])(
    'is an error only when it is no JSON object: %j',
    (text) => {
      const parsed = parseWebhook(Buffer.from(text));
      expect(parsed.ok).toBe(false);
      if (!parsed.ok) expect(parsed.error.code).toBe('META_WEBHOOK_MALFORMED');
    },
  );

  it('never quotes the body in its error', () => {
    const parsed = parseWebhook(Buffer.from('{"object":"page","entry":[{"name":"Amina Otieno" oops'));
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.error.message).not.toMatch(/Amina|oops/);
  });
});

describe('large bodies', () => {
  it('gives all of a thousand items in their order', () => {
    const calls = Array.from({ length: 1_000 }, (_, i) => connect(`c_${i}`));
    expect(ids({ object: 'page', entry: [{ id: PAGE, calls }] })).toEqual(calls.map((_, i) => `c_${i}`));
    const entry = calls.map((call) => ({ id: PAGE, calls: [call] }));
    expect(ids({ object: 'page', entry })).toHaveLength(1_000);
  });

  it('reads 5 MB with offers, long numbers and odd items', () => {
    const sdp = `v=0\r\n${'a=x-unknown:1234567890123456789\r\n'.repeat(140)}`;
    const calls = Array.from({ length: 1_000 }, (_, i) => ({
      id: `c_${i}`,
      event: 'media_update',
      timestamp: 1_789_000_000,
      session: { version: i, sdp_renegotiation: { sdp_type: 'offer', sdp } },
    }));
    const text = JSON.stringify({ object: 'page', entry: [{ id: PAGE, calls }] }).replaceAll(
      `"${PAGE}"`,
      `${PAGE}99`,
    );
    expect(text.length).toBeGreaterThan(5_000_000);
    const { items, ignored } = batch(text);
    expect(items).toHaveLength(1_000);
    expect(items[999]).toMatchObject({ pageId: `${PAGE}99`, version: 999, sdp });
    expect(ignored).toEqual([]);
  });

  it('counts what it ignores instead of listing it', () => {
    const calls = Array.from({ length: 200_000 }, () => 1);
    expect(batch({ object: 'page', entry: [{ id: PAGE, calls }] }).ignored).toEqual([
      { reason: 'a call is no object', nature: 'malformed', pageId: PAGE, count: 200_000 },
    ]);
    const odd = Array.from({ length: 5_000 }, (_, i) => ({
      id: 'c',
      event: `e_${i.toString(26).replace(/\d/g, 'z')}_${'x'.repeat(i % 20)}`,
    }));
    const { ignored } = batch({ object: 'page', entry: [{ id: PAGE, calls: odd }] });
    expect(ignored.length).toBeLessThanOrEqual(51);
    expect(ignored.reduce((sum, { count }) => sum + count, 0)).toBe(5_000);
  });
});
