const BUCKET =
  /^msgw_media_worker_gc_pause_seconds_bucket\{(?=[^}]*worker="(\d+)")(?=[^}]*le="([^"]+)")[^}]*\} (\d+)$/gm;

/** Of each media thread: stops for its collector up to each bound (s), as Prometheus cumulates them. */
export type Stops = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** `msgw_media_worker_gc_pause_seconds` of a page of metrics. */
export function stopsOf(metrics: string): Stops {
  const workers = new Map<string, Map<number, number>>();
  for (const [, worker = '', le, count] of metrics.matchAll(BUCKET)) {
    const bounds = workers.get(worker) ?? new Map<number, number>();
    workers.set(worker, bounds.set(le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), Number(count)));
  }
  if (workers.size === 0) throw new Error('the gateway shows no stops of its media threads');
  return workers;
}

/** The bound that every stop between two looks kept, ms; 0: there was none. */
export function longestStopMs(before: Stops, after: Stops): number {
  let longest = 0;
  for (const [worker, bounds] of after) {
    const grown = [...bounds].map(([bound, count]) => ({
      bound,
      by: count - (before.get(worker)?.get(bound) ?? 0),
    }));
    const all = Math.max(...grown.map(({ by }) => by));
    const keeping = grown.filter(({ by }) => by === all).map(({ bound }) => bound);
    if (all > 0) longest = Math.max(longest, Math.min(...keeping));
  }
  return longest * 1_000;
}
