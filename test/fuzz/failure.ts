/** Something the server must never do; `evidence` is what led to it, the last step last. */
export class FuzzFailure extends Error {
  readonly evidence: readonly string[];

  constructor(what: string, evidence: readonly string[]) {
    super(what);
    this.name = 'FuzzFailure';
    this.evidence = evidence;
  }
}
