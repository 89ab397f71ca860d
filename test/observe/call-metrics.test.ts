import { expect, it } from 'vitest';
import { CallMetrics, renderMetrics } from '../../src/observe/index.ts';

const leg = { received: 990, lost: 10, mos: 4.3 };
const call = {
  direction: 'user_initiated',
  cause: 'phone-hangup',
  answered: true,
  milestones: { webhook: 1_000, invite: 1_020, answered: 4_000, acceptDone: 4_100, secure: 4_200 },
  ringMs: 2_980,
  talkMs: 61_000,
  media: { consumer: leg, phone: { ...leg, mos: 3.9, lost: 0 } },
} as const;

async function lines(ended: CallMetrics): Promise<string[]> {
  const { text } = await renderMetrics({ gateway: { calls: 0, ready: true, ended } });
  return text.split('\n');
}

it('counts calls by cause, and how long each step took', async () => {
  const ended = new CallMetrics();
  ended.add(call);
  ended.add(call);
  ended.add({
    ...call,
    platform: 'whatsapp',
    cause: 'busy',
    answered: false,
    milestones: { invite: 5 },
    media: undefined,
  });
  expect(await lines(ended)).toEqual(
    expect.arrayContaining([
      'msgw_calls_ended_total{direction="user_initiated",platform="messenger",cause="phone-hangup",answered="true"} 2',
      'msgw_calls_ended_total{direction="user_initiated",platform="whatsapp",cause="busy",answered="false"} 1',
      'msgw_webhook_to_invite_seconds_bucket{le="0.01"} 0',
      'msgw_webhook_to_invite_seconds_bucket{le="0.025"} 2',
      'msgw_webhook_to_invite_seconds_sum 0.04',
      'msgw_answer_to_secure_seconds_bucket{le="0.25"} 2',
      'msgw_call_ring_seconds_count 3',
      'msgw_call_talk_seconds_bucket{le="60"} 0',
      'msgw_call_talk_seconds_bucket{le="120"} 2',
      'msgw_call_mos_bucket{leg="consumer",le="4.2"} 0',
      'msgw_call_mos_bucket{leg="phone",le="4"} 2',
      'msgw_call_loss_ratio_bucket{leg="consumer",le="0.01"} 2',
      'msgw_call_loss_ratio_count{leg="phone"} 2',
    ]),
  );
});

it('clocks that went back and what was not measured spoil nothing', async () => {
  const ended = new CallMetrics();
  ended.add({
    ...call,
    milestones: { webhook: 9_000, invite: 1_000 },
    media: { consumer: { received: 0, lost: 0 }, phone: { received: 0, lost: 0 } },
  });
  expect(await lines(ended)).toEqual(
    expect.arrayContaining([
      'msgw_webhook_to_invite_seconds_sum 0',
      'msgw_answer_to_secure_seconds_count 0',
      'msgw_call_loss_ratio_count{leg="consumer"} 0',
    ]),
  );
});
