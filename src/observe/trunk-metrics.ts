import { counter, type Family, gauge } from './family.ts';

/** One trunk of the configuration; its name is the only label that grows, with the configuration alone. */
export interface TrunkMetrics {
  readonly trunk: string;
  readonly up: boolean;
  readonly calls: { readonly in: number; readonly out: number };
  readonly limits: { readonly maxCalls?: number | undefined };
  readonly refused: { readonly full: number; readonly rate: number };
  /** Of the last answer to OPTIONS, ms. */
  readonly roundTripMs?: number;
}

export const trunkMetrics = (trunks: readonly TrunkMetrics[]): Family[] => [
  gauge(
    'msgw_trunk_up',
    '1 when the trunk may be used, 0 when it does not answer or asks not to be',
    trunks.map(({ trunk, up }) => [{ trunk }, Number(up)] as const),
  ),
  gauge(
    'msgw_trunk_calls',
    'calls that are at the trunk, by who placed them: in, the trunk; out, we',
    trunks.flatMap(({ trunk, calls }) => [
      [{ trunk, direction: 'in' }, calls.in] as const,
      [{ trunk, direction: 'out' }, calls.out] as const,
    ]),
  ),
  gauge(
    'msgw_trunk_max_calls',
    'calls that the trunk may have at a time, where there is a limit',
    trunks.flatMap(({ trunk, limits: { maxCalls } }) =>
      maxCalls === undefined ? [] : [[{ trunk }, maxCalls] as const],
    ),
  ),
  counter(
    'msgw_trunk_refused_total',
    'calls that found no room at the trunk, by the limit that was reached',
    trunks.flatMap(({ trunk, refused }) => [
      [{ trunk, reason: 'calls' }, refused.full] as const,
      [{ trunk, reason: 'rate' }, refused.rate] as const,
    ]),
  ),
  gauge(
    'msgw_trunk_options_seconds',
    "round trip of the trunk's last answer to OPTIONS",
    trunks.flatMap(({ trunk, roundTripMs }) =>
      roundTripMs === undefined ? [] : [[{ trunk }, roundTripMs / 1_000] as const],
    ),
  ),
];
