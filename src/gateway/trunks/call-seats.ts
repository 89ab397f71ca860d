import type { Lease, Refusal, TrunkBoard } from './board.ts';

interface Seat {
  readonly lease: Lease;
  holders: number;
}

/**
 * The room of one call at the trunks that it rings: one seat a trunk. The next phone of a trunk is rung while the
 * CANCEL of the one before is on its way, and a call is not two calls for that.
 */
export class CallSeats {
  readonly #board: Pick<TrunkBoard, 'take'>;
  readonly #seats = new Map<string, Seat>();
  #closed = false;

  constructor(board: Pick<TrunkBoard, 'take'>) {
    this.#board = board;
  }

  /** Room for one phone of the trunk, rung by us or calling us; `release` gives it back once. */
  take(trunk: string, direction: 'in' | 'out' = 'out'): Lease | Refusal {
    let seat = this.#seats.get(trunk);
    if (!seat) {
      const lease = this.#board.take(trunk, direction);
      if (!lease.ok) return lease;
      seat = { lease, holders: 0 };
      if (this.#closed) lease.release();
      else this.#seats.set(trunk, seat);
    }
    const mine = seat;
    mine.holders += 1;
    let held = true;
    return {
      ok: true,
      release: () => {
        if (!held) return;
        held = false;
        mine.holders -= 1;
        if (mine.holders > 0) return;
        mine.lease.release();
        if (this.#seats.get(trunk) === mine) this.#seats.delete(trunk);
      },
    };
  }

  /** The call is over: gives everything back, also what an attempt without an end still holds. */
  close(): void {
    this.#closed = true;
    for (const { lease } of this.#seats.values()) lease.release();
    this.#seats.clear();
  }
}
