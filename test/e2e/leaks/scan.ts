import { keyForms, textForms, viewsOf } from './forms.ts';

export interface Wanted {
  /** Name and value. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly keys?: Readonly<Record<string, Uint8Array>>;
  /** What is a secret by what stands before it, whatever its value is. */
  readonly shapes?: Readonly<Record<string, RegExp>>;
}

/** What is cut has `[secret]` in its place, or another word in brackets. */
export const SECRET_SHAPES = {
  'an SDES key': /inline:(?!\[)/i,
  'a private key': /PRIVATE KEY/,
  'a digest response': /\bdigest [^\n]*response="(?!\[)|\bresponse"?\s*[=:]\s*"?[0-9a-f]{32}/i,
  'an ICE password': /a=ice-pwd:(?!\[)/,
  'a Bearer token': /\bBearer (?!\[)[\w.~+/=-]{16}/,
} as const;

/** All forms begin with so many characters that are looked up at once. */
const HEAD = 4;
const MARKS = 65_536;

/** Finds what must not be there, in whatever form it was written down. */
export class Scan {
  readonly #shapes: Readonly<Record<string, RegExp>>;
  /** By the first characters of a form: the forms that begin so, and whose they are. */
  readonly #byHead = new Map<string, { readonly form: string; readonly name: string }[]>();
  /** Whether a form may begin with these, by `markOf`: what is scanned has megabytes. */
  readonly #marks = new Uint8Array(MARKS);

  constructor({ texts = {}, keys = {}, shapes = {} }: Wanted) {
    this.#shapes = shapes;
    for (const [name, text] of Object.entries(texts)) this.#add(name, textForms(text));
    for (const [name, key] of Object.entries(keys)) this.#add(name, keyForms(key));
  }

  /** Names of what is in this text, sorted. */
  in(text: string): string[] {
    const found = new Set<string>();
    for (const view of viewsOf(text)) {
      this.#find(view, found);
      for (const [name, shape] of Object.entries(this.#shapes)) if (shape.test(view)) found.add(name);
    }
    return [...found].sort();
  }

  #add(name: string, forms: readonly string[]): void {
    for (const form of forms) {
      if (form.length < HEAD) throw new Error(`${name}: ${form} is met by chance`);
      const head = form.slice(0, HEAD);
      const same = this.#byHead.get(head) ?? [];
      same.push({ form, name });
      this.#byHead.set(head, same);
      this.#marks[markOf(form, 0)] = 1;
    }
  }

  #find(text: string, found: Set<string>): void {
    for (let at = 0; at + HEAD <= text.length; at++) {
      if (this.#marks[markOf(text, at)] === 0) continue;
      for (const { form, name } of this.#byHead.get(text.slice(at, at + HEAD)) ?? [])
        if (!found.has(name) && text.startsWith(form, at)) found.add(name);
    }
  }
}

const markOf = (text: string, at: number): number =>
  (text.charCodeAt(at) * 29_791 +
    text.charCodeAt(at + 1) * 961 +
    text.charCodeAt(at + 2) * 31 +
    text.charCodeAt(at + 3)) %
  MARKS;
