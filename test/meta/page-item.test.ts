import { describe, expect, it } from 'vitest';
import { batch, hook, PAGE, PSID } from './hooks.ts';

describe('call_permission_reply', () => {
  const reply = {
    sender: { id: PSID },
    recipient: { id: PAGE },
    timestamp: 1_789_000_000,
    call_permission_reply: { response: 'approve', expiration_timestamp: '1789604800' },
  } as const;
  const expected = {
    kind: 'call_permission_reply',
    pageId: PAGE,
    consumerId: PSID,
    response: 'approve',
    timestampMs: 1_789_000_000_000,
    expirationMs: 1_789_604_800_000,
    dedupeKey: `${PAGE}|${PSID}|call_permission_reply|1789000000000|approve`,
  };

  it('is taken from the entry itself, which then has no id', () => {
    expect(hook({ object: 'page', entry: [reply] })).toEqual({ items: [expected], ignored: [] });
  });

  it.each([
    ['messaging', { id: PAGE, messaging: [reply] }],
    ['messaging of an entry without id', { messaging: [reply] }],
    ['changes, whole', { id: PAGE, changes: [{ field: 'call_permission_reply', value: reply }] }],
    ['changes without entry id', { changes: [{ field: 'call_permission_reply', value: reply }] }],
    [
      'changes, flat',
      {
        id: PAGE,
        changes: [
          {
            field: 'call_permission_reply',
            value: { sender: reply.sender, timestamp: reply.timestamp, ...reply.call_permission_reply },
          },
        ],
      },
    ],
  ])('is taken from %s', (_place, entry) => {
    expect(batch({ object: 'page', entry: [entry] })).toEqual({ items: [expected], ignored: [] });
  });

  it.each([
    ['accept', 'approve'],
    ['APPROVED', 'approve'],
    ['reject', 'reject'],
    ['declined', 'reject'],
  ])('reads %s', (word, response) => {
    const said = { ...reply, call_permission_reply: { response: word } };
    const [item] = batch({ object: 'page', entry: [said] }).items;
    expect(item).toMatchObject({ response });
    expect(item).not.toHaveProperty('expirationMs');
  });

  it('takes no word that it does not know for a yes or a no', () => {
    for (const response of ['maybe', '', undefined, 1]) {
      const said = { ...reply, call_permission_reply: { response } };
      expect(batch({ object: 'page', entry: [said] })).toMatchObject({
        items: [],
        ignored: [{ nature: 'malformed', count: 1 }],
      });
    }
    const nobody = { ...reply, sender: undefined };
    expect(batch({ object: 'page', entry: [nobody] }).items).toEqual([]);
  });
});

describe('call_settings_update', () => {
  const settings = {
    audio_enabled: true,
    icon_enabled: false,
    call_routing: 'PARTNERS',
    call_hours: {
      timezone_id: 'Africa/Nairobi',
      weekly_operating_hours: [{ day_of_week: 'monday', open_time: '0800', close_time: '1730' }],
    },
  } as const;

  it('tells what is set', () => {
    const { items } = hook({
      object: 'page',
      entry: [{ id: PAGE, time: 1_789_000_000, call_settings: settings }],
    });
    expect(items).toEqual([
      {
        kind: 'call_settings_update',
        pageId: PAGE,
        audioEnabled: true,
        iconEnabled: false,
        ringTarget: 'PARTNERS',
        callHours: {
          timezoneId: 'Africa/Nairobi',
          weekly: [{ day: 'MONDAY', open: '0800', close: '1730' }],
        },
        timestampMs: 1_789_000_000_000,
        dedupeKey: expect.stringContaining(`${PAGE}||call_settings_update|1789000000000|`),
      },
    ]);
  });

  it('takes routing as an object, the id as a number, and the change form', () => {
    const value = { audio_enabled: false, video_enabled: true, call_routing: { ring_target: 'meta' } };
    for (const entry of [
      { id: Number(PAGE), time: 1_789_000_000, call_settings: value },
      { id: PAGE, time: 1_789_000_000, changes: [{ field: 'call_settings_update', value }] },
      {
        id: PAGE,
        time: 1_789_000_000,
        changes: [{ field: 'call_settings_update', value: { call_settings: value } }],
      },
    ]) {
      expect(batch({ object: 'page', entry: [entry] }).items).toMatchObject([
        { pageId: PAGE, audioEnabled: false, videoEnabled: true, ringTarget: 'META' },
      ]);
    }
  });

  it('is nothing when it says nothing, and survives what it cannot read', () => {
    const deep = `{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    for (const settings of ['{}', '{"audio_enabled":"yes"}', deep, '7', '"on"']) {
      const body = `{"object":"page","entry":[{"id":"${PAGE}","call_settings":${settings}}]}`;
      expect(batch(body)).toMatchObject({ items: [], ignored: [{ nature: 'malformed' }] });
    }
    const odd = {
      audio_enabled: true,
      call_hours: { weekly_operating_hours: [1, {}, null, { day_of_week: 2 }] },
    };
    expect(batch({ object: 'page', entry: [{ id: PAGE, call_settings: odd }] }).items).toMatchObject([
      { callHours: { weekly: [] } },
    ]);
  });
});
