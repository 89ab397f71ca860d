import { example } from '../example.ts';

type Changes = readonly (readonly [from: string | RegExp, to: string])[];

/** One way in which a file is wrong, and what is said of it. */
export interface Row {
  /** Changes to the example; what is not in it throws. */
  readonly change?: Changes;
  /** Lines that follow the example, or the whole text where it begins with `=`. */
  readonly more?: string;
  /** Where it is told: text of the file around the place, which begins at `|`, or without one with the text. */
  readonly at: string;
  readonly key: string;
  readonly message: string;
  /** Part of it. */
  readonly remedy: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly isWarning?: true;
}

/** The text of a row. */
export function textOf({ change = [], more = '' }: Row): string {
  if (more.startsWith('=')) return more.slice(1);
  const text = change.reduce((before, [from, to]) => {
    const after = before.replace(from, () => to);
    if (after === before) throw new Error(`${from} is not in the example`);
    return after;
  }, example);
  return more === '' ? text : `${text}\n${more}\n`;
}

/** Line and column that `at` stands for, both from 1. */
export function placeIn(text: string, at: string): { readonly line: number; readonly column: number } {
  const before = Math.max(0, at.indexOf('|'));
  const offset = text.indexOf(at.replace('|', ''));
  if (offset < 0) throw new Error(`${at} is not in the text`);
  const lines = text.slice(0, offset + before).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

export const trunk = (lines: string): Changes => [['    port: 5060\n', `    port: 5060\n    ${lines}\n`]];
export const listener = (text: string): Changes => [
  ['- { protocol: udp, address: 192.0.2.10, port: 5060 }', text],
];
export const LISTEN = '- { protocol: udp, address: 192.0.2.10, port: 5060 }';
export const RULE = 'outbound: { rules: [{ trunk: pbx, page: "102030405060708" }] }';
