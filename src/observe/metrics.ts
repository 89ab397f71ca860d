import { exposition, type Family, gauge } from './family.ts';
import { type SipStats, sipMetrics } from './sip-metrics.ts';

export interface MetricsSources {
  /** The embedded SIP server; undefined where there is none. */
  readonly sip?: SipStats | undefined;
  /** The gateway itself; undefined for the SIP server on its own. */
  readonly gateway?: { readonly calls: number; readonly ready: boolean };
}

/** A snapshot in the Prometheus text format. */
export function renderMetrics(
  sources: MetricsSources,
): Promise<{ readonly contentType: string; readonly text: string }> {
  const { sip, gateway } = sources;
  const own: Family[] = gateway
    ? [
        gauge('msgw_calls', 'calls that are not over', gateway.calls),
        gauge('msgw_ready', '1 when new calls are taken', Number(gateway.ready)),
      ]
    : [];
  return exposition([...own, ...(sip ? sipMetrics(sip) : [])]);
}
