import { err, ok, type Result } from '../shared/result.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Digits that a double still holds exactly. */
const SAFE_DIGITS = 15;

/**
 * Parses JSON without losing ids: Meta's samples carry Page and call ids as bare numbers beyond 2^53, which
 * `JSON.parse` would round. Integers of more than 15 digits outside of strings are read as strings. Linear time.
 */
export function parseJsonLossless(text: string): Result<Json, string> {
  try {
    return ok(JSON.parse(quoteLongIntegers(text)) as Json);
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

function quoteLongIntegers(text: string): string {
  if (!/\d{16}/.test(text)) return text;
  const parts: string[] = [];
  let copied = 0;
  for (let at = 0; at < text.length; ) {
    const char = text.charCodeAt(at);
    if (char === 0x22) {
      at = endOfString(text, at);
      continue;
    }
    if (!isDigit(char)) {
      at += 1;
      continue;
    }
    const start = at;
    while (at < text.length && isDigit(text.charCodeAt(at))) at += 1;
    const next = text[at];
    const before = text[start - 1];
    const isInteger =
      next !== '.' && next !== 'e' && next !== 'E' && before !== '.' && before !== '-' && before !== '+';
    if (isInteger && at - start > SAFE_DIGITS) {
      parts.push(text.slice(copied, start), '"', text.slice(start, at), '"');
      copied = at;
    }
  }
  parts.push(text.slice(copied));
  return parts.join('');
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length) {
    const char = text.charCodeAt(at);
    if (char === 0x5c) at += 2;
    else if (char === 0x22) return at + 1;
    else at += 1;
  }
  return at;
}

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A non-empty string, or a number as one: ids come in both forms. */
export function idOf(value: Json | undefined): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && value.length > 0 && value.length <= 512 ? value : undefined;
}

export function numberOf(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Meta's timestamps in milliseconds since the epoch: seconds in calls, milliseconds elsewhere, strings in places. */
export function timeMsOf(value: Json | undefined): number | undefined {
  const time = numberOf(value);
  if (time === undefined || time <= 0) return undefined;
  return time > 1e11 ? time : time * 1000;
}
