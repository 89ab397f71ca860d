/** What the kernel's events name: a slot that is used again, and which use of it. */
interface Slot<T> {
  value: T | undefined;
  generation: number;
}

/**
 * Ports by a number that fits an event, with a generation: an event of a port that was closed meanwhile, in the same
 * batch or by a descriptor that is used again, finds nothing.
 */
export class PortTable<T> {
  readonly #slots: Slot<T>[] = [];
  readonly #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Returns the slot; `generation` tells the other half of the port's name. */
  add(value: T): number {
    const index = this.#free.pop() ?? this.#slots.push({ value: undefined, generation: 0 }) - 1;
    (this.#slots[index] as Slot<T>).value = value;
    this.#size += 1;
    return index;
  }

  generation(index: number): number {
    return (this.#slots[index] as Slot<T>).generation;
  }

  get(index: number, generation: number): T | undefined {
    const slot = this.#slots[index];
    return slot !== undefined && slot.generation === generation ? slot.value : undefined;
  }

  remove(index: number): void {
    const slot = this.#slots[index];
    if (slot?.value === undefined) return;
    slot.value = undefined;
    slot.generation = (slot.generation + 1) & 0x7fff;
    this.#free.push(index);
    this.#size -= 1;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const { value } of this.#slots) if (value !== undefined) yield value;
  }
}
