import { err, ok, type Result } from '../shared/result.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Digits that a double still holds exactly. */
const SAFE_DIGITS = 15;
/** Longest id kept, in characters; Meta asks to store at least 255. */
const MAX_ID = 512;
/** The last millisecond that a Date can hold (ECMA-262, time values). */
const MAX_TIME_MS = 8.64e15;

/**
 * Parses JSON without losing ids: Meta's samples carry Page and call ids as bare numbers beyond 2^53, which
 * `JSON.parse` would round. Integers of more than 15 digits outside of strings are read as strings: done on the
 * text, because a reviver that sees the source exists only in newer Node, and recurses. Linear time; never throws.
 * The error holds no part of the text, which may be personal.
 */
export function parseJsonLossless(text: string): Result<Json, string> {
  // A byte order mark is no JSON, but some proxies put one.
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  try {
    return ok(JSON.parse(quoteLongIntegers(bare)) as Json);
  } catch (error) {
    const position = /at position \d+/.exec(error instanceof Error ? error.message : '')?.[0];
    return err(position ?? (bare.trim() === '' ? 'it is empty' : 'it breaks the grammar'));
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
    if (!isDigit(char) && char !== 0x2d) {
      at += 1;
      continue;
    }
    const start = at;
    let digitsOnly = true;
    for (; at < text.length && isInNumber(text.charCodeAt(at)); at++) {
      digitsOnly &&= isDigit(text.charCodeAt(at));
    }
    if (digitsOnly && at - start > SAFE_DIGITS) {
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

/** Digits and `+ - . E e`. */
function isInNumber(char: number): boolean {
  return isDigit(char) || char === 0x2b || char === 0x2d || char === 0x2e || char === 0x45 || char === 0x65;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list as it is, one object as a list of one, nothing as an empty list; anything else is undefined. */
export function listOf(value: Json | undefined): readonly Json[] | undefined {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value as readonly Json[];
  return isObject(value) ? [value] : undefined;
}

/**
 * An id: text or a whole number, visible ASCII only, because ids go into URLs and SIP headers.
 * Anything else is undefined.
 */
export function idOf(value: Json | undefined): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined;
  if (typeof value !== 'string' || value.length > MAX_ID) return undefined;
  return /^[\x21-\x7e]+$/.test(value) ? value : undefined;
}

/** A finite number, also as decimal text. */
export function numberOf(value: Json | undefined): number | undefined {
  if (typeof value === 'string') return /^\s*-?\d{1,20}(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Lower case, so that enums compare; empty when it is no text. */
export function wordOf(value: Json | undefined): string {
  return typeof value === 'string' ? value.trim().toLowerCase() : '';
}

/** Meta's timestamps in milliseconds since the epoch: seconds in calls, milliseconds elsewhere, text in places. */
export function timeMsOf(value: Json | undefined): number | undefined {
  const time = numberOf(value);
  if (time === undefined || time <= 0) return undefined;
  const ms = Math.round(time > 1e11 ? time : time * 1000);
  return ms <= MAX_TIME_MS ? ms : undefined;
}
