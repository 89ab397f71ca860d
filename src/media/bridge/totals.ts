import { DROP_REASONS, type DropReason, type LegStats } from './types.ts';

/** Packets of one leg of every call, summed. */
export interface LegTotals {
  received: number;
  sent: number;
  /** Datagrams of strangers that were dropped unread. */
  strangers: number;
}

/** What all bridges of a thread counted, those that ended included. */
export class Totals {
  readonly consumer: LegTotals = { received: 0, sent: 0, strangers: 0 };
  readonly phone: LegTotals = { received: 0, sent: 0, strangers: 0 };
  readonly dropped = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<
    DropReason,
    number
  >;

  copy(): Totals {
    const copy = new Totals();
    Object.assign(copy.consumer, this.consumer);
    Object.assign(copy.phone, this.phone);
    Object.assign(copy.dropped, this.dropped);
    return copy;
  }

  add(consumer: Counted, phone: Counted): void {
    this.#addLeg(this.consumer, consumer);
    this.#addLeg(this.phone, phone);
  }

  #addLeg(totals: LegTotals, { received, sent, dropped }: Counted): void {
    totals.received += received;
    totals.sent += sent;
    for (const reason of DROP_REASONS) this.dropped[reason] += dropped[reason];
  }
}

type Counted = Pick<LegStats, 'received' | 'sent' | 'dropped'>;
