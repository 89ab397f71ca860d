import { counter, type Family, gauge } from './family.ts';

/** Reloads of the configuration since the start. */
export interface ReloadTotals {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly ok: boolean;
  /** Wall-clock ms. */
  readonly okAtMs: number;
  readonly needsRestart: number;
}

export const reloadMetrics = ({ outcomes, ok, okAtMs, needsRestart }: ReloadTotals): Family[] => [
  counter(
    'msgw_config_reloads_total',
    'reloads of the configuration, by what came of them: applied, unchanged, invalid, failed, refused',
    Object.entries(outcomes).map(([outcome, count]) => [{ outcome }, count] as const),
  ),
  gauge('msgw_config_last_reload_successful', '0 when the last reload was turned down', Number(ok)),
  gauge(
    'msgw_config_last_reload_success_timestamp_seconds',
    'when the configuration in effect was taken up',
    okAtMs / 1_000,
  ),
  gauge('msgw_config_needs_restart', 'keys of the file that wait for a restart', needsRestart),
];
