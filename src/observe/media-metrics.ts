import type { Distribution } from '../shared/tally.ts';
import { counter, type Family, gauge, histogram } from './family.ts';

interface LegPackets {
  readonly received: number;
  readonly sent: number;
  readonly strangers: number;
}

/** What is known of one media worker; counts go on over its replacements. */
export interface MediaWorkerStats {
  readonly worker: number;
  readonly up: boolean;
  readonly calls: number;
  /** Of one core, in the last second, 0 to 1. */
  readonly cpuShare: number;
  readonly cpuSeconds: number;
  readonly tickLateMs: number;
  readonly realtime: boolean;
  /** Stops for the garbage collector, seconds. */
  readonly collections: Distribution;
  readonly packets: {
    readonly consumer: LegPackets;
    readonly phone: LegPackets;
    readonly dropped: Readonly<Record<string, number>>;
  };
  readonly restarts: number;
}

/** The media workers' metrics. Labels are bounded: workers by the configuration, legs, directions and reasons by us. */
export function mediaMetrics(workers: readonly MediaWorkerStats[]): Family[] {
  const each = (value: (stats: MediaWorkerStats) => number) =>
    workers.map((stats) => [{ worker: stats.worker }, value(stats)] as const);
  const packets = (['consumer', 'phone'] as const).flatMap((leg) =>
    workers.flatMap(({ worker, packets: { [leg]: counts } }) => [
      [{ worker, leg, direction: 'in' }, counts.received] as const,
      [{ worker, leg, direction: 'out' }, counts.sent] as const,
    ]),
  );
  const strangers = (['consumer', 'phone'] as const).flatMap((leg) =>
    workers.map(({ worker, packets: { [leg]: counts } }) => [{ worker, leg }, counts.strangers] as const),
  );
  return [
    gauge(
      'msgw_media_worker_up',
      '1 while the media worker takes calls',
      each(({ up }) => Number(up)),
    ),
    gauge(
      'msgw_media_worker_calls',
      'calls of the media worker',
      each(({ calls }) => calls),
    ),
    gauge(
      'msgw_media_worker_cpu_ratio',
      "part of one core that the media worker's thread took in the last second",
      each(({ cpuShare }) => cpuShare),
    ),
    counter(
      'msgw_media_worker_cpu_seconds_total',
      "CPU time of the media worker's thread",
      each(({ cpuSeconds }) => cpuSeconds),
    ),
    gauge(
      'msgw_media_worker_tick_late_seconds',
      'how late the worst 20 ms tick of the last one to two minutes was',
      each(({ tickLateMs }) => tickLateMs / 1000),
    ),
    gauge(
      'msgw_media_worker_realtime',
      "1 while the media worker's thread runs before all ordinary ones of its core (media.priority)",
      each(({ realtime }) => Number(realtime)),
    ),
    histogram(
      'msgw_media_worker_gc_pause_seconds',
      "stops of the media worker's thread for its garbage collector; steps of marking between them are not counted",
      workers.map(({ worker, collections }) => [{ worker }, collections]),
    ),
    counter(
      'msgw_media_worker_restarts_total',
      'starts of the media worker after its thread had died or hung',
      each(({ restarts }) => restarts),
    ),
    counter('msgw_media_packets_total', 'RTP packets, by leg and direction as the gateway sees it', packets),
    counter('msgw_media_dropped_total', 'RTP packets received and not used, by reason', droppedOf(workers)),
    counter(
      'msgw_media_strangers_total',
      "datagrams of strangers dropped unread because there were too many, by leg: at Meta's ports (consumer), at the RTP and RTCP ports (phone)",
      strangers,
    ),
  ];
}

function droppedOf(workers: readonly MediaWorkerStats[]): (readonly [{ reason: string }, number])[] {
  const sums = new Map<string, number>();
  for (const { packets } of workers) {
    for (const [reason, count] of Object.entries(packets.dropped)) {
      sums.set(reason, (sums.get(reason) ?? 0) + count);
    }
  }
  return [...sums].map(([reason, count]) => [{ reason }, count] as const);
}
