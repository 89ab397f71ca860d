import koffi from 'koffi';

/**
 * Memory outside of V8's heap, for what the kernel reads and writes: small typed arrays of JavaScript move. Addresses
 * are BigInts, each made once: a number above 2^31 would be an object for every call.
 */
export class NativeMemory {
  readonly address: bigint;
  readonly bytes: Buffer;
  readonly words: Int32Array;
  readonly #pointer: bigint;

  /** @param size bytes, a multiple of 8; zeroed */
  constructor(size: number) {
    this.#pointer = koffi.alloc('uint8_t', size) as bigint;
    this.address = koffi.address(this.#pointer);
    this.bytes = Buffer.from(koffi.view(this.#pointer, size));
    this.words = new Int32Array(this.bytes.buffer, this.bytes.byteOffset, size / 4);
    this.bytes.fill(0);
  }

  /** Nothing of it may be touched after that. */
  free(): void {
    koffi.free(this.#pointer);
  }
}
