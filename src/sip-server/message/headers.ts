import { headerKey, headerName } from './names.ts';

export interface HeaderField {
  /** Lower case, compact form expanded. */
  readonly key: string;
  /** As it is written on the wire. */
  readonly name: string;
  /** One character a byte (latin1), so that any bytes come out as they came in. */
  readonly value: string;
}

/** An ordered list of header fields; look-up is by key (lower case, full name). */
export class Headers implements Iterable<HeaderField> {
  #fields: HeaderField[] = [];

  [Symbol.iterator](): Iterator<HeaderField> {
    return this.#fields[Symbol.iterator]();
  }

  get size(): number {
    return this.#fields.length;
  }

  /** The value of the first field of that key. */
  get(key: string): string | undefined {
    for (const field of this.#fields) if (field.key === key) return field.value;
    return undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  all(key: string): string[] {
    const values: string[] = [];
    for (const field of this.#fields) if (field.key === key) values.push(field.value);
    return values;
  }

  append(name: string, value: string): this {
    const key = headerKey(name);
    this.#fields.push({ key, name: headerName(name, key), value });
    return this;
  }

  /** Copies every field of that key from another list, in order. */
  copy(from: Headers, key: string): this {
    for (const field of from) if (field.key === key) this.#fields.push(field);
    return this;
  }

  /** Replaces the first field of that key in its place, or appends. */
  set(name: string, value: string): this {
    const key = headerKey(name);
    const at = this.#fields.findIndex((field) => field.key === key);
    if (at < 0) return this.append(name, value);
    this.#fields[at] = { key, name: headerName(name, key), value };
    return this;
  }

  remove(key: string): this {
    this.#fields = this.#fields.filter((field) => field.key !== key);
    return this;
  }
}
