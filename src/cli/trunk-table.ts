/** As `GET /trunks` has it. */
export interface ListedTrunk {
  readonly trunk: string;
  readonly up: boolean;
  /** ISO 8601. */
  readonly since: string;
  readonly why?: string;
  readonly troubles: readonly { readonly source: string; readonly why: string }[];
  readonly calls: { readonly in: number; readonly out: number };
  readonly limits: { readonly maxCalls?: number; readonly callsPerSecond?: number };
  /** Of the last answer to OPTIONS, ms. */
  readonly roundTripMs?: number;
}

/** Rows of cells, the first of which is the heading. Pure. `nowMs`: milliseconds since the epoch. */
export function trunkRows(trunks: readonly ListedTrunk[], nowMs: number): string[][] {
  const rows = trunks.map(({ trunk, up, since, why = '', troubles, calls, limits, roundTripMs }) => [
    trunk,
    up ? 'up' : 'down',
    ago(nowMs - Date.parse(since)),
    `${calls.in + calls.out}${limits.maxCalls === undefined ? '' : `/${limits.maxCalls}`}`,
    roundTripMs === undefined ? '' : `${roundTripMs} ms`,
    up ? why : troubles.map((each) => `${each.source}: ${each.why}`).join('; '),
  ]);
  return [['trunk', 'state', 'for', 'calls', 'round trip', 'why'], ...rows];
}

/** `41s`, `12m`, `3h 20m`, `5d 4h`. */
function ago(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return `${Math.floor(Math.max(0, ms) / 1_000)}s`;
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours}h ${minutes % 60}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}
