import { AggregatorRegistry, type PrometheusContentType } from 'prom-client';
import type { Distribution } from '../shared/tally.ts';

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** When it differs from the family's name, as for the parts of a histogram. */
  readonly metricName?: string;
}

/** A metric with all its samples, as prom-client's `getMetricsAsJSON` gives one. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly aggregator: 'sum';
  readonly values: readonly Sample[];
}

type Labelled = readonly (readonly [labels: Sample['labels'], value: number])[];

const family = (type: Family['type'], name: string, help: string, values: readonly Sample[]): Family => ({
  name,
  help,
  type,
  aggregator: 'sum',
  values,
});

export const counter = (name: string, help: string, values: Labelled): Family =>
  family(
    'counter',
    name,
    help,
    values.map(([labels, value]) => ({ labels, value })),
  );

export const gauge = (name: string, help: string, values: number | Labelled): Family =>
  family(
    'gauge',
    name,
    help,
    typeof values === 'number'
      ? [{ labels: {}, value: values }]
      : values.map(([labels, value]) => ({ labels, value })),
  );

/** One distribution, or one for each set of labels. */
export function histogram(
  name: string,
  help: string,
  of: Distribution | readonly (readonly [labels: Sample['labels'], of: Distribution])[],
): Family {
  const all = 'counts' in of ? ([[{}, of]] as const) : of;
  return family(
    'histogram',
    name,
    help,
    all.flatMap(([labels, each]) => cumulated(name, labels, each)),
  );
}

function cumulated(name: string, labels: Sample['labels'], of: Distribution): Sample[] {
  let below = 0;
  const buckets = of.counts.map((count, i) => {
    below += count;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: of.bounds[i] ?? '+Inf' }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: of.sum },
    { metricName: `${name}_count`, labels, value: below },
  ];
}

/** The Prometheus text format, version 0.0.4. What we show is counted elsewhere, so prom-client only writes it. */
export async function exposition(
  families: readonly Family[],
): Promise<{ readonly contentType: string; readonly text: string }> {
  const registry = AggregatorRegistry.aggregate<PrometheusContentType>([families]);
  return { contentType: registry.contentType, text: await registry.metrics() };
}
