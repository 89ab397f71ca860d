/** A test by its file and its whole title, groups first: `group > title`. */
export interface TestName {
  readonly file: string;
  readonly title: string;
}

export interface ContractRow {
  /** Endpoint, webhook or part of the error table that it belongs to. */
  readonly of: string;
  readonly kind: 'endpoint' | 'field' | 'value' | 'reply' | 'form' | 'error' | 'rule';
  readonly what: string;
  /** undefined: nobody named one. */
  readonly test: TestName | undefined;
}

/** Names tests of one file: `meta('accept')('the reply to accept > ...')`. */
export const tests =
  (room: string) =>
  (file: string) =>
  (title: string): TestName => ({ file: `test/${room}/${file}.test.ts`, title });

/** One row for each key; that no key is forgotten is the compiler's to see. */
export function rows(
  of: string,
  kind: ContractRow['kind'],
  covers: Readonly<Record<string, TestName>>,
): ContractRow[] {
  return Object.entries(covers).map(([what, test]) => ({ of, kind, what, test }));
}

/** One row for each value, whose test has the value in its title. */
export function each(
  of: string,
  kind: ContractRow['kind'],
  values: readonly (string | number)[],
  test: (value: string) => TestName,
): ContractRow[] {
  return values.map((value) => ({ of, kind, what: String(value), test: test(String(value)) }));
}

/** All keys of a union's members. */
export type KeysOf<T> = T extends unknown ? keyof T : never;
