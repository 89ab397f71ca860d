import { describe, expect, it } from 'vitest';
import { type CallMetrics, END_CALL_REASONS } from '../../src/meta/index.ts';
import { clientOfSim, SIM_PAGE } from './graph-client.ts';
import { start, TOKEN } from './world.ts';

const metricsOf = (callId: string, more: Partial<CallMetrics> = {}): CallMetrics => ({
  platform: 'messenger',
  call_id: callId,
  end_call_reason: 'Hangup_Call',
  end_call_subreason: 'phone-hangup',
  call_ended_time: 1_789_000_123,
  first_audio_packet_received_time: 1_789_000_005,
  audio_stats: {
    jitter_sec: 0.012,
    packets_lost: 3,
    packets_received: 5_400,
    round_trip_time_sec: 0.182,
    jitter_buffer_delay_sec: 96.4,
    concealed_samples: 5_760,
    silent_concealed_samples: 1_920,
    total_samples_duration_sec: 118.2,
  },
  ...more,
});

async function ended() {
  const { simulator, clock } = await start();
  const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: { drop: true } });
  await call.hangup();
  return { simulator, clock, call, client: clientOfSim(simulator).client };
}

describe('call metrics at the simulated Meta', () => {
  it('are taken once, after the end; the second time is a success that says so', async () => {
    const { simulator, call, client } = await ended();
    const metrics = metricsOf(call.id);
    expect(await client.submitMetrics(SIM_PAGE, metrics)).toEqual({ ok: true, already: false });
    expect(await client.submitMetrics(SIM_PAGE, metrics)).toEqual({ ok: true, already: true });
    expect(simulator.metrics.get(call.id)).toEqual(metrics);
  });

  it('are refused while the call is in progress, after 24 hours, and for a call that nobody knows', async () => {
    const { simulator, clock, call, client } = await ended();
    const other = simulator.consumer({ psid: '8' }).call({ toneHz: 440, delivery: { drop: true } });
    expect(await client.submitMetrics(SIM_PAGE, metricsOf(other.id))).toMatchObject({
      failure: { kind: 'in-progress' },
    });
    expect(await client.submitMetrics(SIM_PAGE, metricsOf('c_nobody'))).toMatchObject({
      failure: { kind: 'bad-call' },
    });
    clock.advance(24 * 3_600_000 + 1);
    expect(await client.submitMetrics(SIM_PAGE, metricsOf(call.id))).toMatchObject({
      failure: { kind: 'invalid' },
    });
  });

  it.each(END_CALL_REASONS)('know the reason %s', async (end_call_reason) => {
    const { call, client } = await ended();
    expect(await client.submitMetrics(SIM_PAGE, metricsOf(call.id, { end_call_reason }))).toMatchObject({
      ok: true,
    });
  });

  it.each<[string, object]>([
    ['a reason in another spelling', { end_call_reason: 'HangupCall' }],
    ['milliseconds', { call_ended_time: 1_789_000_123_000 }],
    ['a key of the table', { audio_stats: { jitter: 0.01 } }],
    ['no stats', { audio_stats: undefined }],
    ['an unknown key', { mood: 'good' }],
  ])('are refused with %s (100)', async (_, more) => {
    const { simulator, call } = await ended();
    const response = await fetch(`${simulator.graphUrl}/v26.0/10/call_metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ ...metricsOf(call.id), ...more }),
    });
    expect(await response.json()).toMatchObject({ error: { code: 100 } });
  });
});
