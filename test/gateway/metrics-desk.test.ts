import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CallRecord } from '../../src/call/index.ts';
import { type DueMetrics, dueMetricsOf, MetricsDesk } from '../../src/gateway/metrics-desk.ts';
import { metricsOf } from '../../src/gateway/metrics-of.ts';
import type { BridgeStats } from '../../src/media/index.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { openSpool } from '../../src/store/index.ts';
import { clientOf, PAGE } from '../meta/graph-client.ts';
import { type GraphServer, graphError, graphServer, type Scripted } from '../meta/graph-server.ts';
import { tempDir } from '../store/temp-dir.ts';

const START_MS = 1_789_000_000_000;
const dueOf = (callId: string, endedMs = START_MS): DueMetrics => ({
  pageId: PAGE,
  metrics: {
    platform: 'messenger',
    call_id: callId,
    end_call_reason: 'Hangup_Call',
    call_ended_time: endedMs / 1_000,
    first_audio_packet_received_time: endedMs / 1_000 - 60,
    audio_stats: {
      jitter_sec: 0.01,
      packets_lost: 0,
      packets_received: 3_000,
      concealed_samples: 0,
      total_samples_duration_sec: 60,
    },
  },
});

interface Rig {
  readonly desk: MetricsDesk;
  readonly clock: FakeClock;
  readonly server: GraphServer;
  /** Lets time pass until the server has taken so many requests and their replies are read. */
  sent(n: number): Promise<void>;
}

async function rig(path: string | undefined, ...script: Scripted[]): Promise<Rig> {
  const server = await graphServer(...script);
  const clock = new FakeClock(START_MS);
  const { client } = clientOf(server, { clock });
  const spool = await openSpool(path, dueMetricsOf, silentLog);
  const desk = new MetricsDesk({ graph: client, spool, clock, log: silentLog });
  onTestFinished(() => desk.close());
  const sent = async (n: number): Promise<void> => {
    while (server.seen.length < n) {
      clock.advance(1_000);
      await turn();
    }
    const waiting = desk.size;
    for (let i = 0; i < 50 && desk.size === waiting; i++) await turn();
  };
  return { desk, clock, server, sent };
}

describe('metrics of a call', () => {
  it('wait no longer for a wall clock that is set back', async () => {
    const { desk, clock, sent } = await rig(undefined, { status: 503, body: graphError(2) }, {});
    desk.add(dueOf('c_1'));
    clock.jump(-3_600_000);
    await sent(1);
    clock.jump(-3_600_000);
    clock.advance(10_000);
    await sent(2);
    expect(desk.size).toBe(0);
  });

  it('are sent once, a moment after the end', async () => {
    const { desk, clock, server, sent } = await rig(undefined, {});
    desk.add(dueOf('c_1'));
    desk.add(dueOf('c_1'));
    clock.advance(4_999);
    expect(server.seen).toHaveLength(0);
    await sent(1);
    expect(server.seen[0]?.path).toBe(`/v26.0/${PAGE}/call_metrics`);
    expect(JSON.parse(server.seen[0]?.text ?? '')).toEqual(dueOf('c_1').metrics);
    expect(desk.size).toBe(0);
    clock.advance(24 * 3_600_000);
    await turn();
    expect(server.seen).toHaveLength(1);
  });

  it.each<[string, Scripted]>([
    [
      'already submitted',
      { status: 400, body: graphError(100, { message: 'Metrics were already submitted' }) },
    ],
    ['refused', { status: 400, body: graphError(100, { message: 'end_call_reason is invalid' }) }],
    ['of a call that Meta does not know', { status: 400, body: graphError(2018390) }],
  ])('%s: are not sent again', async (_, scripted) => {
    const { desk, server, sent, clock } = await rig(undefined, scripted);
    desk.add(dueOf('c_1'));
    await sent(1);
    expect(desk.size).toBe(0);
    clock.advance(3_600_000);
    await turn();
    expect(server.seen).toHaveLength(1);
  });

  it.each<[string, Scripted]>([
    ['a server fault', { status: 500, body: '' }],
    ['a lost reply', 'reset'],
    [
      'a call that is still in progress at Meta',
      { status: 400, body: graphError(100, { message: 'The call is still in progress' }) },
    ],
  ])('are sent again after %s, later and later, and given up after six tries', async (_, scripted) => {
    const { desk, server, sent } = await rig(undefined, scripted);
    desk.add(dueOf('c_1'));
    await sent(6);
    while (desk.size > 0) await turn();
    expect(server.seen).toHaveLength(6);
  });

  it('wait while the quota runs low', async () => {
    const low = { headers: { 'x-app-usage': '{"call_count":90}' } };
    const { desk, clock, server, sent } = await rig(undefined, low, {});
    desk.add(dueOf('c_1'));
    desk.add(dueOf('c_2'));
    await sent(1);
    expect(desk.size).toBe(1);
    clock.advance(59_000);
    await turn();
    expect(server.seen).toHaveLength(1);
    await sent(2);
  });

  it('are not sent later than 24 hours after the end', async () => {
    const { desk, clock, server } = await rig(undefined, {});
    desk.add(dueOf('c_1', START_MS - 24 * 3_600_000));
    clock.advance(5_000);
    while (desk.size > 0) await turn();
    expect(server.seen).toHaveLength(0);
  });

  it('survive a restart, and those that were sent do not come back', async () => {
    const path = join(await tempDir(), 'metrics');
    const first = await rig(path, {}, 'hang');
    first.desk.add(dueOf('c_1'));
    await first.sent(1);
    first.desk.add(dueOf('c_2'));
    await first.desk.close();
    const second = await rig(path, {});
    expect(second.desk.size).toBe(1);
    await second.sent(1);
    expect(JSON.parse(second.server.seen[0]?.text ?? '')).toMatchObject({ call_id: 'c_2' });
  });
});

describe('what metrics are made of', () => {
  const record = {
    callId: 'c_1',
    pageId: PAGE,
    cause: 'phone-hangup',
    milestones: { ended: START_MS + 500 },
    meta: { endReason: 'Hangup_Call' },
  } as CallRecord;
  const consumer = {
    used: 50,
    received: 1_060,
    // 1,000 of the camera's.
    dropped: { malformed: 0, payloadType: 990, auth: 7, replay: 3, late: 10 },
    lost: 3,
    jitterMs: 12,
    roundTripMs: 182,
    concealedSamples: 5_760,
    silentConcealedSamples: 1_920,
    totalSamplesReceived: 2_880_000,
    jitterBufferDelay: 96.4,
    firstPacketAtMs: START_MS - 60_000,
  };
  const stats = (more: object = {}) => ({ consumer: { ...consumer, ...more } }) as BridgeStats;

  it("are the record's times and the consumer leg's counters, with the keys that end in _sec", () => {
    expect(metricsOf(record, stats())).toEqual({
      platform: 'messenger',
      call_id: 'c_1',
      end_call_reason: 'Hangup_Call',
      end_call_subreason: 'phone-hangup',
      call_ended_time: START_MS / 1_000,
      first_audio_packet_received_time: START_MS / 1_000 - 60,
      audio_stats: {
        jitter_sec: 0.012,
        packets_lost: 3,
        packets_received: 60,
        round_trip_time_sec: 0.182,
        jitter_buffer_delay_sec: 96.4,
        concealed_samples: 5_760,
        silent_concealed_samples: 1_920,
        total_samples_duration_sec: 60,
      },
    });
  });

  it('take the time of the call for audio that passed through undecoded', () => {
    const metrics = metricsOf(record, stats({ totalSamplesReceived: 0 }));
    expect(metrics?.audio_stats.total_samples_duration_sec).toBe(60.5);
  });

  it('leave out what nobody measured, and call a reason that Meta has not Unknown', () => {
    const odd = { ...record, meta: { ...record.meta, endReason: 'Bored' } };
    const metrics = metricsOf(odd, stats({ roundTripMs: -1 }));
    expect(metrics?.audio_stats).not.toHaveProperty('round_trip_time_sec');
    expect(metrics?.end_call_reason).toBe('Unknown');
  });

  it('are none for a call without audio of the consumer', () => {
    expect(metricsOf(record, undefined)).toBeUndefined();
    expect(metricsOf(record, stats({ used: 0 }))).toBeUndefined();
  });
});
