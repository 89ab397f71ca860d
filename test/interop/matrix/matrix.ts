import type { Claim } from './claims.ts';

export const PEERS = ['Asterisk 22', 'baresip', 'linphone', 'sipp', 'kamailio'] as const;
export type Peer = (typeof PEERS)[number];

/** One row of `results.json`: how many tests show it, for each peer that was asked. */
export interface Row {
  readonly feature: string;
  readonly ci: Readonly<Partial<Record<Peer, number>>>;
  readonly hand: Readonly<Partial<Record<Peer, number>>>;
}

/** A test as vitest's JSON tells it. */
export interface Ran {
  /** Path of its file. */
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
}

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Tests that were left out are no tests. */
export function readReport(text: string): Ran[] {
  const { testResults } = JSON.parse(text) as Report;
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ fullName, status }) => ({ file: name, name: fullName, passed: status === 'passed' })),
  );
}

/** What the run has shown, and which claims it has not: nobody ran their tests, or some failed. */
export function judge(
  claims: readonly Claim[],
  wanted: readonly string[],
  ran: readonly Ran[],
): { rows: Row[]; unproved: string[] } {
  const rows = new Map<string, Row>();
  const unproved: string[] = [];
  for (const { feature, peer, file, tests, byHand } of claims) {
    const its = ran.filter((each) => each.file.endsWith(`/test/${file}.test.ts`) && tests.test(each.name));
    const row = rows.get(feature) ?? { feature, ci: {}, hand: {} };
    const failed = its.filter(({ passed }) => !passed).length;
    if (its.length === 0 || failed > 0) {
      unproved.push(
        `${feature}, ${peer}: ${its.length === 0 ? 'no test ran' : `${failed} of ${its.length} failed`}`,
      );
      rows.set(feature, row);
      continue;
    }
    const where = byHand ? 'hand' : 'ci';
    const count = (row[where][peer] ?? 0) + its.length;
    rows.set(feature, { ...row, [where]: { ...row[where], [peer]: count } });
  }
  for (const feature of wanted) if (!rows.has(feature)) rows.set(feature, { feature, ci: {}, hand: {} });
  return { rows: [...rows.values()], unproved };
}
