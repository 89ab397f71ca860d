/** One packet that waits; the objects are made once and used again. */
export class StoredPacket {
  /** Sequence number that never wraps. */
  sequence = 0;
  /** RTP timestamp that never wraps. */
  timestamp = 0;
  /** Its length in RTP ticks; 0: it only holds its place in the sequence (a telephone-event). */
  ticks = 0;
  /** ms */
  arrivedMs = 0;
  length = 0;
  /** Grown to the longest payload that this slot ever held. */
  bytes: Uint8Array = new Uint8Array(0);

  set(payload: Uint8Array, at: number, length: number): void {
    if (this.bytes.length < length) this.bytes = new Uint8Array(Math.ceil(length / 64) * 64);
    const { bytes } = this;
    for (let i = 0; i < length; i++) bytes[i] = payload[at + i] as number;
    this.length = length;
  }
}

/**
 * Packets by sequence number, in at most `capacity` slots. A freed slot is the next one taken, so that only as much
 * memory is touched as packets ever waited at once.
 */
export class PacketStore {
  readonly capacity: number;
  readonly #free: StoredPacket[] = [];
  readonly #order: StoredPacket[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#order.length;
  }

  /** Payload memory held, bytes. */
  get bytes(): number {
    let sum = 0;
    for (const slot of this.#order) sum += slot.bytes.length;
    for (const slot of this.#free) sum += slot.bytes.length;
    return sum;
  }

  first(): StoredPacket | undefined {
    return this.#order[0];
  }

  /** The slot for a packet, in its place; undefined when it is there already. There must be room. */
  add(sequence: number): StoredPacket | undefined {
    const order = this.#order;
    let at = order.length;
    while (at > 0 && (order[at - 1] as StoredPacket).sequence > sequence) at -= 1;
    if (at > 0 && (order[at - 1] as StoredPacket).sequence === sequence) return undefined;
    const slot = this.#free.pop() ?? new StoredPacket();
    slot.sequence = sequence;
    order.push(slot);
    for (let i = order.length - 1; i > at; i--) order[i] = order[i - 1] as StoredPacket;
    order[at] = slot;
    return slot;
  }

  /** Frees the first; its bytes stay readable until the next `add`. */
  shift(): void {
    const slot = this.#order.shift();
    if (slot) this.#free.push(slot);
  }
}
