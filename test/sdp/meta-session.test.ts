import { expect, it } from 'vitest';
import { parseMetaSession } from '../../src/sdp/index.ts';
import { answerB, offerC } from './meta-templates.ts';

it.each([
  ['an object', { sdp_type: 'answer', sdp: answerB() }],
  ['a bare string', answerB()],
  ['a JSON string', JSON.stringify({ sdp_type: 'answer', sdp: answerB() })],
  ['an object without a type', { sdp: answerB() }],
  ['a type in capitals', { sdp_type: 'ANSWER', sdp: answerB() }],
])('reads an answer from %s', (_, session) => {
  expect(parseMetaSession(session, 'answer')).toEqual({
    ok: true,
    value: { type: 'answer', sdp: answerB() },
  });
});

it('believes a written type over the implied one', () => {
  expect(parseMetaSession({ sdp_type: 'offer', sdp: offerC() }, 'answer')).toMatchObject({
    value: { type: 'offer' },
  });
});

it.each([undefined, null, 7, {}, { sdp: 7 }, { sdp: '' }, '', '{"sdp":', 'hello', []])(
  'says what is wrong with %j',
  (session) => {
    expect(parseMetaSession(session, 'offer')).toMatchObject({ ok: false, error: { code: 'SDP_MALFORMED' } });
  },
);
