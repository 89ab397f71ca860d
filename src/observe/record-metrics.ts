import { counter, type Family, gauge } from './family.ts';

/** One place that call records go to. */
export interface RecordSinkCounts {
  readonly sink: string;
  readonly waiting: number;
  readonly taken: number;
  readonly failures: number;
  readonly dead: number;
}

export function recordMetrics(sinks: readonly RecordSinkCounts[]): Family[] {
  const by = (key: Exclude<keyof RecordSinkCounts, 'sink'>) =>
    sinks.map((each) => [{ sink: each.sink }, each[key]] as const);
  return [
    gauge('msgw_records_waiting', 'call records that a sink has not taken yet', by('waiting')),
    counter('msgw_records_taken_total', 'call records that a sink took', by('taken')),
    counter(
      'msgw_record_sink_failures_total',
      'times that a sink did not take what it was given',
      by('failures'),
    ),
    counter('msgw_records_dead_total', 'call records given up, kept as dead letters', by('dead')),
  ];
}
