export interface Score {
  readonly passed: number;
  readonly total: number;
  /** Names of what failed. */
  readonly failed: readonly string[];
}

export interface ScenarioScore extends Score {
  /** Files that are not sound in themselves, and whether they were mended by rule and so played and counted. */
  readonly unsound: readonly { readonly name: string; readonly why: string; readonly mended: boolean }[];
  /** Files that were not played because sipp is missing. */
  readonly notRun?: number;
}

export interface Conformance {
  readonly rfc4475: Score;
  readonly rfc5118: Score;
  readonly scenarios: ScenarioScore;
  readonly timers: Score;
  readonly races: Score;
}
