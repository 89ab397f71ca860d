import { expect, it } from 'vitest';
import { parseMetaDescription, planReceive, planSend, type ReceivePlan } from '../../src/sdp/index.ts';
import { answerB, offerC, offerD } from './meta-templates.ts';

const OURS = { ssrc: 2190334455, cname: 'gw-7f3a' };

function receive(sdp: string): ReceivePlan {
  const parsed = parseMetaDescription(sdp);
  if (!parsed.ok) throw parsed.error;
  const plan = planReceive(parsed.value);
  if (!plan.ok) throw plan.error;
  return plan.value;
}

it('without the renegotiation offer, learns the SSRC from the first Opus packet of the bundle', () => {
  expect(receive(answerB())).toEqual({
    opusPayloadTypes: [111],
    telephoneEvents: [
      { payloadType: 110, clockRate: 48_000 },
      { payloadType: 126, clockRate: 48_000 },
    ],
    midExtensionId: 4,
  });
});

it.each([
  ['C', offerC(), '1'],
  ['C with another ufrag', offerC({ ufrag: 'Hd82kQpLx0ZtWmYc//57' }), '1'],
  ['C with telephone-event', offerC({ telephoneEvent: true }), '1'],
  ['C with a bumped version', offerC({ version: 7 }), '1'],
  ['D, behind two video lines', offerD(), '3'],
])('finds the consumer on the new line of %s', (_, sdp, mid) => {
  expect(receive(sdp)).toMatchObject({ ssrc: 3100224466, mid, midExtensionId: 4, opusPayloadTypes: [111] });
});

it('finds the consumer in any order of the lines and under any mid', () => {
  const c = offerC();
  const [head = '', ours = '', theirs = ''] = c.split(/(?=m=audio)/);
  const swapped = head + theirs.replaceAll('a=mid:1', 'a=mid:voice') + ours;
  expect(receive(swapped)).toMatchObject({ ssrc: 3100224466, mid: 'voice' });
});

it('stays usable on mute: inactive, port 0, SSRC removed', () => {
  const muted = offerC().replace('a=sendonly', 'a=inactive');
  expect(receive(muted)).toMatchObject({ opusPayloadTypes: [111] });
  expect(receive(muted)).not.toHaveProperty('mid');
  const [head = '', ours = '', theirs = ''] = offerC().split(/(?=m=audio)/);
  expect(receive(head + ours + theirs.replace('m=audio 40007', 'm=audio 0'))).not.toHaveProperty('ssrc');
  const noSsrc = receive(offerC().replace(/a=ssrc.*\r\n/, ''));
  expect(noSsrc).toMatchObject({ mid: '1' });
  expect(noSsrc).not.toHaveProperty('ssrc');
});

it('takes other numbers and other extension ids from the description', () => {
  const sdp = offerC({ telephoneEvent: true })
    .replaceAll('111', '96')
    .replaceAll('110', '97')
    .replaceAll('extmap:4', 'extmap:9');
  expect(receive(sdp)).toMatchObject({
    opusPayloadTypes: [96],
    midExtensionId: 9,
    telephoneEvents: [{ payloadType: 97 }, { payloadType: 110 }, { payloadType: 126 }],
  });
});

it('never takes a telephone-event number that is Opus here', () => {
  const plan = receive(answerB().replaceAll('111', '126'));
  expect(plan.opusPayloadTypes).toEqual([126]);
  expect(plan.telephoneEvents).toEqual([{ payloadType: 110, clockRate: 48_000 }]);
});

it.each([
  ['B', answerB(), undefined],
  ['C', offerC(), undefined],
  ['D', offerD(), { payloadType: 110, clockRate: 48_000 }],
])(
  'sends as %s wants it, on the line that listens, keys only where that line names them',
  (_, sdp, telephoneEvent) => {
    const parsed = parseMetaDescription(sdp);
    expect(parsed.ok && planSend(parsed.value, OURS)).toEqual({
      ok: true,
      value: {
        payloadType: 111,
        ssrc: OURS.ssrc,
        cname: OURS.cname,
        mid: '0',
        midExtensionId: 4,
        audioLevelExtensionId: 1,
        maxAverageBitrate: 20_000,
        maxPlaybackRate: 16_000,
        useInbandFec: true,
        useDtx: true,
        ptimeMs: 20,
        ...(telephoneEvent ? { telephoneEvent } : {}),
      },
    });
  },
);

it('leaves limits out that make no sense', () => {
  const odd = parseMetaDescription(answerB().replace('=20000', '=7').replace('=16000', '=x'));
  if (!odd.ok) throw odd.error;
  expect(planSend(odd.value, OURS)).toEqual({
    ok: true,
    value: {
      payloadType: 111,
      ...OURS,
      mid: '0',
      midExtensionId: 4,
      audioLevelExtensionId: 1,
      useInbandFec: true,
      useDtx: true,
      ptimeMs: 20,
    },
  });
});

it('says when there is no Opus', () => {
  const g711 = parseMetaDescription(answerB().replaceAll('opus/48000/2', 'PCMU/8000'));
  if (!g711.ok) throw g711.error;
  expect(planReceive(g711.value)).toMatchObject({ ok: false, error: { code: 'SDP_NO_OPUS' } });
  expect(planSend(g711.value, OURS)).toMatchObject({ ok: false, error: { code: 'SDP_NO_OPUS' } });
});
