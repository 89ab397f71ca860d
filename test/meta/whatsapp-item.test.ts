import { describe, expect, it } from 'vitest';
import type { MetaEvent } from '../../src/meta/index.ts';
import { batch } from './hooks.ts';

const NUMBER = '550022';
const AMINA = '254711000002';
const OURS = '254700000001';
const SDP = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n';

/** A body with one change. */
function change(value: object, field = 'calls') {
  const metadata = { phone_number_id: NUMBER, display_phone_number: '+254 700-000001' };
  const whole = { messaging_product: 'whatsapp', metadata, ...value };
  const body = {
    object: 'whatsapp_business_account',
    entry: [{ id: '330011', changes: [{ field, value: whole }] }],
  };
  return batch(body);
}

function one(value: object, field?: string): MetaEvent | undefined {
  const { items, ignored } = change(value, field);
  expect(items.length + ignored.length).toBe(1);
  return items[0];
}

const CONNECT = {
  id: 'wacid.Zx81',
  from: AMINA,
  to: OURS,
  event: 'connect',
  direction: 'USER_INITIATED',
  timestamp: '1789000000',
  session: { sdp_type: 'offer', sdp: SDP },
};
const contacts = [{ profile: { name: ' Amina ' }, wa_id: AMINA }];

describe('a connect', () => {
  it('has the offer, the name, and times from text', () => {
    expect(one({ contacts, calls: [CONNECT] })).toEqual({
      kind: 'connect',
      platform: 'whatsapp',
      pageId: NUMBER,
      callId: 'wacid.Zx81',
      consumerId: AMINA,
      consumerName: 'Amina',
      direction: 'user_initiated',
      timestampMs: 1_789_000_000_000,
      session: { type: 'offer', sdp: SDP },
      dedupeKey: `${NUMBER}|wacid.Zx81|connect|1789000000000|offer`,
    });
  });

  it.each<[string, object, object]>([
    [
      'without a direction: whoever is not the number itself',
      { direction: undefined },
      { consumerId: AMINA },
    ],
    [
      'in the business direction, with our word come back',
      {
        direction: 'BUSINESS_INITIATED',
        from: OURS,
        to: AMINA,
        biz_opaque_callback_data: 'out-1',
        session: { sdp_type: 'answer', sdp: SDP },
      },
      { direction: 'business_initiated', consumerId: AMINA, opaque: 'out-1', session: { type: 'answer' } },
    ],
    [
      'with the older place of the description',
      { session: undefined, connection: { webrtc: { sdp: JSON.stringify({ type: 'offer', sdp: SDP }) } } },
      { session: { type: 'offer', sdp: SDP } },
    ],
    [
      'with that place holding the bare description',
      { session: undefined, connection: { webrtc: { sdp: SDP } } },
      { session: { type: 'offer', sdp: SDP } },
    ],
    [
      'with bare line feeds',
      { session: { sdp_type: 'OFFER', sdp: SDP.replaceAll('\r\n', '\n') } },
      { session: { type: 'offer', sdp: SDP } },
    ],
    ['of a business-scoped id', { from: undefined, from_user_id: 'KE.123' }, { consumerId: 'KE.123' }],
    ['without a description', { session: undefined }, { kind: 'connect' }],
  ])('%s', (_name, more, wanted) => {
    expect(one({ calls: [{ ...CONNECT, ...more }] })).toMatchObject(wanted);
  });

  it('is another event than the answer under the same name and time', () => {
    const keyOf = (sdp_type: string): string | undefined =>
      one({ calls: [{ ...CONNECT, session: { sdp_type, sdp: SDP } }] })?.dedupeKey;
    expect(keyOf('offer')).not.toBe(keyOf('answer'));
  });
});

describe('a terminate', () => {
  it.each<[string, object, object, object]>([
    ['COMPLETED', { status: 'COMPLETED', duration: '12' }, {}, { status: 'completed', durationS: 12 }],
    ['in a list and mixed case', { status: ['Failed'] }, {}, { status: 'failed' }],
    ['never picked up', { status: 'COMPLETED' }, {}, { status: 'completed' }],
    [
      'with errors beside the calls',
      { status: 'FAILED' },
      { errors: [{ code: 138021, message: 'x' }] },
      { status: 'failed', errorCode: 138021 },
    ],
    [
      'with errors inside, and our word',
      { status: 'FAILED', errors: [{ code: '138020' }], biz_opaque_callback_data: 'out-1' },
      {},
      { errorCode: 138020, opaque: 'out-1' },
    ],
  ])('%s', (_name, call, beside, wanted) => {
    const terminate = { id: 'wacid.Zx81', event: 'terminate', timestamp: '1789000009', ...call };
    expect(one({ calls: [terminate], ...beside })).toMatchObject({ kind: 'terminate', ...wanted });
  });
});

describe('a status', () => {
  it.each(['RINGING', 'ACCEPTED', 'REJECTED'])('%s of a call', (word) => {
    const status = {
      id: 'wacid.Ab92',
      type: 'call',
      status: word,
      timestamp: '1789000003',
      recipient_id: AMINA,
    };
    expect(one({ statuses: [status] })).toMatchObject({
      kind: 'call_status',
      platform: 'whatsapp',
      callId: 'wacid.Ab92',
      status: word.toLowerCase(),
      consumerId: AMINA,
    });
  });

  it('of a message is nothing of ours', () => {
    const { items, ignored } = change({ statuses: [{ id: 'wamid.1', status: 'delivered' }] }, 'messages');
    expect(items).toEqual([]);
    expect(ignored).toMatchObject([{ nature: 'foreign', reason: 'a status of no call' }]);
  });
});

describe('a reply to the request for permission', () => {
  const reply = (more: object) => ({
    messages: [
      {
        from: AMINA,
        id: 'wamid.2',
        timestamp: '1789000005',
        type: 'interactive',
        interactive: { type: 'call_permission_reply', call_permission_reply: more },
      },
    ],
  });

  it('accepts until a time, or for good', () => {
    const until = { response: 'accept', expiration_timestamp: '1789600000', response_source: 'user_action' };
    expect(one(reply(until), 'messages')).toMatchObject({
      kind: 'call_permission_reply',
      platform: 'whatsapp',
      pageId: NUMBER,
      consumerId: AMINA,
      response: 'approve',
      expirationMs: 1_789_600_000_000,
    });
    expect(one(reply({ ...until, is_permanent: true }), 'messages')).not.toHaveProperty('expirationMs');
  });

  it('rejects; other messages and other words are no reply', () => {
    expect(one(reply({ response: 'reject' }), 'messages')).toMatchObject({ response: 'reject' });
    expect(one(reply({ response: 'perhaps' }), 'messages')).toBeUndefined();
    const { ignored } = change(
      { messages: [{ from: AMINA, type: 'text', text: { body: 'hi' } }] },
      'messages',
    );
    expect(ignored).toMatchObject([{ nature: 'foreign', reason: 'a message' }]);
  });
});

it('one item that makes no sense costs no other', () => {
  const { items, ignored } = change({
    calls: [null, { event: 'connect' }, { ...CONNECT, from: undefined }, { event: 'dance' }, CONNECT],
  });
  expect(items).toMatchObject([{ kind: 'connect' }]);
  expect(ignored.map(({ reason }) => reason)).toEqual([
    'one of calls is no object',
    'a call has no id',
    'a connect names no consumer (from, to)',
    'event "dance" is unknown',
  ]);
});

it("a change without the number is nobody's", () => {
  const { items, ignored } = change({ metadata: {}, calls: [CONNECT] });
  expect(items).toEqual([]);
  expect(ignored).toMatchObject([{ nature: 'malformed' }]);
});
