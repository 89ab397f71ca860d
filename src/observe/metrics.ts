import type { CallMetrics } from './call-metrics.ts';
import { counter, exposition, type Family, gauge } from './family.ts';
import { type MediaWorkerStats, mediaMetrics } from './media-metrics.ts';
import { type RecordSinkCounts, recordMetrics } from './record-metrics.ts';
import { type ReloadTotals, reloadMetrics } from './reload-metrics.ts';
import { type SipStats, sipMetrics } from './sip-metrics.ts';
import { type TrunkMetrics, trunkMetrics } from './trunk-metrics.ts';

/** What the watch over the Pages has seen. */
export interface WatchCounts {
  readonly checks: number;
  readonly failed: number;
  readonly drifts: number;
  readonly repairs: number;
  readonly amiss: readonly { readonly pageId: string; readonly what: string }[];
}

/** Recordings since the start. */
export interface RecordingTotals {
  readonly complete: number;
  readonly incomplete: number;
  readonly gapMs: number;
  readonly troubles: number;
  /** Finished for a gateway that died. */
  readonly recovered: number;
  readonly deleted: number;
  /** Of all files, at the last look. */
  readonly bytes: number;
}

export interface MetricsSources {
  /** The embedded SIP server; undefined where there is none. */
  readonly sip?: SipStats | undefined;
  /** The gateway itself; undefined for the SIP server on its own. */
  readonly gateway?: {
    readonly calls: number;
    readonly ready: boolean;
    /** Those that are over. */
    readonly ended?: CallMetrics;
    readonly watch?: WatchCounts | undefined;
    readonly recordings?: RecordingTotals;
    readonly transfers?: readonly {
      readonly kind: string;
      readonly outcome: string;
      readonly count: number;
    }[];
    /** Transfers and redirects that were refused, because Meta forbids the PSTN. */
    readonly voipRefusals?: readonly { readonly by: string; readonly code: string; readonly count: number }[];
    /** One-way audio that was named. */
    readonly oneWay?: readonly { readonly leg: string; readonly cause: string; readonly count: number }[];
    readonly trunks?: readonly TrunkMetrics[];
    /** Where call records go. */
    readonly records?: readonly RecordSinkCounts[];
    readonly reloads?: ReloadTotals;
    /** Who was not let in at the HTTP ports; ports and reasons are fixed words. */
    readonly http?: readonly { readonly port: string; readonly reason: string; readonly count: number }[];
  };
  /** The media workers of the gateway. */
  readonly media?: readonly MediaWorkerStats[];
}

/** A snapshot in the Prometheus text format. */
export function renderMetrics(
  sources: MetricsSources,
): Promise<{ readonly contentType: string; readonly text: string }> {
  const { sip, gateway, media } = sources;
  const own: Family[] = gateway
    ? [
        gauge('msgw_calls', 'calls that are not over', gateway.calls),
        gauge('msgw_ready', '1 when new calls are taken', Number(gateway.ready)),
        ...(gateway.ended?.families() ?? []),
        ...(gateway.watch ? watchMetrics(gateway.watch) : []),
        ...(gateway.recordings ? recordingMetrics(gateway.recordings) : []),
        counter(
          'msgw_transfers_total',
          'transfers that were begun, of calls that are over',
          (gateway.transfers ?? []).map(({ kind, outcome, count }) => [{ kind, outcome }, count] as const),
        ),
        counter(
          'msgw_one_way_total',
          'times that audio should have come from a leg, or arrived there, and did not, by the most likely cause',
          (gateway.oneWay ?? []).map(({ leg, cause, count }) => [{ leg, cause }, count] as const),
        ),
        counter(
          'msgw_voip_only_refusals_total',
          'transfers and redirects refused, because Meta forbids the PSTN',
          (gateway.voipRefusals ?? []).map(({ by, code, count }) => [{ by, code }, count] as const),
        ),
        ...(gateway.http
          ? [
              counter(
                'msgw_http_refused_total',
                'requests and connections turned away at the HTTP ports, by reason',
                gateway.http.map(({ port, reason, count }) => [{ port, reason }, count] as const),
              ),
            ]
          : []),
        ...(gateway.trunks ? trunkMetrics(gateway.trunks) : []),
        ...(gateway.records ? recordMetrics(gateway.records) : []),
        ...(gateway.reloads ? reloadMetrics(gateway.reloads) : []),
      ]
    : [];
  return exposition([...own, ...(media ? mediaMetrics(media) : []), ...(sip ? sipMetrics(sip) : [])]);
}

function recordingMetrics({
  complete,
  incomplete,
  gapMs,
  troubles,
  recovered,
  deleted,
  bytes,
}: RecordingTotals): Family[] {
  return [
    counter('msgw_recordings_total', 'recordings that are over', [
      [{ outcome: 'complete' }, complete],
      [{ outcome: 'incomplete' }, incomplete],
    ]),
    counter('msgw_recording_gap_seconds_total', 'silence for what the disk did not take', [
      [{}, gapMs / 1_000],
    ]),
    counter('msgw_recording_troubles_total', 'times that the disk refused a recording', [[{}, troubles]]),
    counter('msgw_recordings_recovered_total', 'recordings finished for a gateway that died', [
      [{}, recovered],
    ]),
    counter('msgw_recordings_deleted_total', 'recordings deleted by keepDays or maxBytes', [[{}, deleted]]),
    gauge('msgw_recordings_bytes', 'size of all recordings at the last look', bytes),
  ];
}

function watchMetrics({ checks, failed, drifts, repairs, amiss }: WatchCounts): Family[] {
  const total = (name: string, help: string, value: number): Family => counter(name, help, [[{}, value]]);
  return [
    total('msgw_page_checks_total', 'looks at the settings of a Page at Meta', checks),
    total('msgw_page_check_failures_total', 'looks that Meta did not answer', failed),
    total('msgw_page_drifts_total', 'times that a Page stopped sending calls here', drifts),
    total('msgw_page_repairs_total', 'times that this was mended', repairs),
    gauge(
      'msgw_page_amiss',
      'what keeps calls of a Page from us now: audio, routing, subscription, feature',
      amiss.map(({ pageId, what }) => [{ page: pageId, what }, 1] as const),
    ),
  ];
}
