import { isTokenCode, skipQuoted, skipSpaces } from './scan.ts';

/** `;name=value` parameters in order; a missing value is undefined, a quoted one keeps its quotes. */
export type Params = readonly (readonly [name: string, value: string | undefined])[];

/** The first parameter of that name (lower case): its value, '' when it has none, undefined when absent. */
export function param(params: Params, name: string): string | undefined {
  for (const [key, value] of params) if (key.toLowerCase() === name) return value ?? '';
  return undefined;
}

/**
 * Whether a parameter of that name (lower case) has several values: RFC 3261 7.3.1 forbids it twice, and readers differ
 * in which they take. Some peers repeat the same value, which does no harm.
 */
export const isAmbiguous = (params: Params, name: string): boolean =>
  new Set(params.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)).size > 1;

export function formatParams(params: Params): string {
  let text = '';
  for (const [name, value] of params) text += value === undefined ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** generic-param of RFC 3261 25.1 to the end of `text`, from `at`; undefined when malformed. */
export function parseParams(text: string, at: number): Params | undefined {
  const params: [string, string | undefined][] = [];
  let i = skipSpaces(text, at);
  while (i < text.length) {
    if (text.charCodeAt(i) !== 0x3b) return undefined;
    i = skipSpaces(text, i + 1);
    const start = i;
    while (i < text.length && isTokenCode(text.charCodeAt(i))) i++;
    if (i === start) return undefined;
    const name = text.slice(start, i);
    i = skipSpaces(text, i);
    if (text.charCodeAt(i) !== 0x3d) {
      params.push([name, undefined]);
      continue;
    }
    i = skipSpaces(text, i + 1);
    const from = i;
    if (text.charCodeAt(i) === 0x22) {
      i = skipQuoted(text, i);
      if (i < 0) return undefined;
    } else while (i < text.length && isValueCode(text.charCodeAt(i))) i++;
    if (i === from) return undefined;
    params.push([name, text.slice(from, i)]);
    i = skipSpaces(text, i);
  }
  return params;
}

/** gen-value = token / host / quoted-string; a host may be an IPv6 reference, and peers put more into it. */
const isValueCode = (c: number): boolean =>
  isTokenCode(c) ||
  c === 0x5b ||
  c === 0x5d ||
  c === 0x3a ||
  c === 0x40 ||
  c === 0x2f ||
  c === 0x26 ||
  c === 0x3d;
