import type { CallRecord } from '../call/index.ts';

type Transferred = NonNullable<CallRecord['transfers']>[number];

/** Transfers of calls that are over, by how they went. */
export class TransferCounts {
  readonly #counts = new Map<string, { kind: string; outcome: string; count: number }>();

  add({ transfers = [] }: { readonly transfers?: readonly Transferred[] | undefined }): void {
    for (const { kind, outcome } of transfers) {
      const key = `${kind} ${outcome}`;
      const entry = this.#counts.get(key) ?? { kind, outcome, count: 0 };
      entry.count += 1;
      this.#counts.set(key, entry);
    }
  }

  get counts(): readonly { readonly kind: string; readonly outcome: string; readonly count: number }[] {
    return [...this.#counts.values()];
  }
}
