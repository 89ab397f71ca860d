/** Who called since the start, up to `max`: beyond it the one who called longest ago is forgotten. */
export class SeenCallers {
  readonly #seen = new Set<string>();
  readonly #max: number;

  constructor(max = 100_000) {
    this.#max = max;
  }

  has(pageId: string, psid: string): boolean {
    return this.#seen.has(`${pageId} ${psid}`);
  }

  add(pageId: string, psid: string): void {
    const key = `${pageId} ${psid}`;
    this.#seen.delete(key);
    this.#seen.add(key);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= this.#max) break;
      this.#seen.delete(oldest);
    }
  }
}
