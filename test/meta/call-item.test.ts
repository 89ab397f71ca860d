import { describe, expect, it } from 'vitest';
import { batch, CALL, event, hook, PAGE, PSID, SDP } from './hooks.ts';

const connect = {
  id: CALL,
  to: PAGE,
  from: PSID,
  event: 'connect',
  timestamp: 1_789_000_000,
  call_direction: 'user_initiated',
} as const;

describe('connect', () => {
  it('tells the consumer, the direction and the time', () => {
    expect(event(connect)).toEqual({
      kind: 'connect',
      pageId: PAGE,
      callId: CALL,
      consumerId: PSID,
      direction: 'user_initiated',
      timestampMs: 1_789_000_000_000,
      dedupeKey: `${PAGE}|${CALL}|connect|1789000000000|`,
    });
  });

  it('takes for the consumer whichever party is not the Page', () => {
    expect(event({ ...connect, from: PAGE, to: PSID, call_direction: 'business_initiated' })).toMatchObject({
      consumerId: PSID,
      direction: 'business_initiated',
    });
    expect(event({ ...connect, to: undefined })).toMatchObject({ consumerId: PSID });
    expect(event({ ...connect, from: PAGE })).toBeUndefined();
    expect(event({ ...connect, from: undefined, to: undefined })).toBeUndefined();
  });

  it('keeps the direction open when it is missing or unknown', () => {
    expect(event({ ...connect, call_direction: undefined })).not.toHaveProperty('direction');
    expect(event({ ...connect, call_direction: 'sideways' })).not.toHaveProperty('direction');
    expect(event({ ...connect, event: 'CONNECT', call_direction: 'USER_INITIATED' })).toMatchObject({
      kind: 'connect',
      direction: 'user_initiated',
    });
  });

  it('keeps ids that are numbers beyond 2^53', () => {
    const text = `{"object":"page","entry":[{"id":9007199254740993,"time":1789000000,"calls":[
      {"id":"${CALL}","to":9007199254740993,"from":90071992547409931,"event":"connect","timestamp":"1789000000"}]}]}`;
    expect(batch(text).items[0]).toMatchObject({
      pageId: '9007199254740993',
      consumerId: '90071992547409931',
    });
  });

  it('takes milliseconds and text for its time, and the time of the entry in place of none', () => {
    for (const timestamp of [1_789_000_000_000, '1789000000', '1789000000000']) {
      expect(event({ ...connect, timestamp })).toEqual(event(connect));
    }
    expect(event({ ...connect, timestamp: undefined })).toMatchObject({
      timestampMs: 1_789_000_000_000,
      dedupeKey: `${PAGE}|${CALL}|connect||`,
    });
  });
});

describe('call_status', () => {
  it('is ringing or accepted, and part of the key', () => {
    const status = { id: CALL, event: 'call_status', timestamp: 1_789_000_004, recipient_id: PSID } as const;
    expect(event({ ...status, call_status: 'Ringing' })).toEqual({
      kind: 'call_status',
      pageId: PAGE,
      callId: CALL,
      status: 'ringing',
      consumerId: PSID,
      timestampMs: 1_789_000_004_000,
      dedupeKey: `${PAGE}|${CALL}|call_status|1789000004000|ringing`,
    });
    expect(event({ ...status, call_status: 'accepted' })?.dedupeKey).toMatch(/\|accepted$/);
    expect(event(status)).toBeUndefined();
  });
});

describe('media_update', () => {
  const update = { id: CALL, event: 'media_update', timestamp: 1_789_000_009 } as const;

  it.each([
    ['an object', { sdp_type: 'offer', sdp: SDP }],
    ['a bare string', SDP],
    ['an object as text', JSON.stringify({ sdp_type: 'offer', sdp: SDP })],
    ['bare line feeds', { sdp_type: 'offer', sdp: SDP.replaceAll('\r', '').trimEnd() }],
  ])('brings the offer as %s', (_form, sdp_renegotiation) => {
    expect(event({ ...update, session: { version: 1, sdp_renegotiation } })).toEqual({
      kind: 'media_update',
      pageId: PAGE,
      callId: CALL,
      version: 1,
      sdp: SDP,
      timestampMs: 1_789_000_009_000,
      dedupeKey: `${PAGE}|${CALL}|media_update|1789000009000|1`,
    });
  });

  it('takes the session as text and the version as text', () => {
    const session = JSON.stringify({ version: '3', sdp_renegotiation: SDP });
    expect(event({ ...update, session })).toMatchObject({ version: 3, sdp: SDP });
  });

  it('may bring nothing', () => {
    for (const session of [
      undefined,
      null,
      'x',
      7,
      [],
      {},
      { version: -1 },
      { version: 1.5 },
      { version: 'one' },
    ]) {
      const found = event({ ...update, session });
      expect(found).toMatchObject({ kind: 'media_update' });
      expect(found).not.toHaveProperty('version');
      expect(found).not.toHaveProperty('sdp');
    }
  });

  it('is not fooled by an offer within an offer within an offer', () => {
    let sdp: object = { sdp: SDP };
    for (let depth = 0; depth < 1_000; depth++) sdp = { sdp };
    expect(event({ ...update, session: { sdp_renegotiation: sdp } })).not.toHaveProperty('sdp');
  });
});

describe('terminate', () => {
  it('tells how it ended and how long it was', () => {
    const { items } = hook({
      object: 'page',
      entry: [
        {
          id: PAGE,
          time: 1_789_000_120,
          calls: [
            {
              id: CALL,
              event: 'terminate',
              timestamp: 1_789_000_120,
              status: 'Completed',
              start_time: 1_789_000_003,
              end_time: '1789000120',
              duration: 117,
            },
          ],
        },
      ],
    });
    expect(items).toEqual([
      {
        kind: 'terminate',
        pageId: PAGE,
        callId: CALL,
        status: 'completed',
        durationS: 117,
        startTimeMs: 1_789_000_003_000,
        endTimeMs: 1_789_000_120_000,
        timestampMs: 1_789_000_120_000,
        dedupeKey: `${PAGE}|${CALL}|terminate|1789000120000|`,
      },
    ]);
  });

  it('may lack everything but the id', () => {
    const terminate = { id: CALL, event: 'terminate', timestamp: 1_789_000_120 };
    expect(event(terminate)).toMatchObject({ kind: 'terminate', status: '' });
    expect(event({ ...terminate, duration: null })).not.toHaveProperty('durationS');
    expect(event({ ...terminate, duration: -3 })).not.toHaveProperty('durationS');
    expect(event({ ...terminate, duration: '0' })).toMatchObject({ durationS: 0 });
    expect(event({ ...terminate, status: ['FAILED'] })).toMatchObject({ status: 'failed' });
  });
});

describe('what is no call event', () => {
  it.each([
    ['no object', 7, 'malformed'],
    ['no id', { event: 'connect', from: PSID, to: PAGE }, 'malformed'],
    ['an id that cannot be one', { ...connect, id: 'a b' }, 'malformed'],
    ['an event of the future', { ...connect, event: 'hologram' }, 'foreign'],
    ['an event named like a property of every object', { ...connect, event: 'constructor' }, 'foreign'],
    ['no event', { id: CALL }, 'foreign'],
  ])('%s is ignored with its reason', (_name, call, nature) => {
    const { items, ignored } = batch({ object: 'page', entry: [{ id: PAGE, calls: [call] }] });
    expect(items).toEqual([]);
    expect(ignored).toEqual([{ nature, pageId: PAGE, count: 1, reason: expect.any(String) }]);
  });
});
