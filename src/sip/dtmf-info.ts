import { err, ok, type Result } from '../shared/result.ts';
import { splitOutside } from './grammar.ts';

/** A key that the other side told of by INFO. */
export interface InfoKey {
  /** `0`-`9`, `*`, `#`, `A`-`D`; undefined: a flash, or an INFO without a body, which asks for nothing. */
  readonly digit: string | undefined;
  /** ms that it was down. */
  readonly durationMs: number;
}

const KEYS = '0123456789*#ABCD';
const FLASH = 16;
/** What PBXs take when the body names no duration, or none that could be meant, ms. */
const DEFAULT_MS = 100;
const SHORTEST_MS = 40;
const LONGEST_MS = 30_000;
/** No key needs more; a body is a stranger's. */
const MAX_BODY = 1_024;

/**
 * Reads an INFO with `application/dtmf-relay` (`Signal=5`, `Duration=160`) or `application/dtmf` (`5`) as PBXs and
 * phones send them: any case, spaces, line ends and order, quotes, `%23` for `#`. A number of 10 to 16 is an event code
 * of RFC 4733 (10 is `*`, 11 `#`, 12 to 15 `A` to `D`, 16 a flash), as Asterisk and FreeSWITCH read it. The error is
 * the status to answer: 415 for another type, 400 for a body that names no key.
 */
export function readInfoKey(contentType: string, body: string): Result<InfoKey, 400 | 415> {
  const type = splitOutside(contentType, ';')[0]?.trim().toLowerCase() ?? '';
  if (type === '' && body.trim() === '') return ok({ digit: undefined, durationMs: 0 });
  if (type !== 'application/dtmf-relay' && type !== 'application/dtmf') return err(415);
  if (body.length > MAX_BODY) return err(400);
  const fields = fieldsOf(body);
  const signal = fields.get('signal') ?? (type === 'application/dtmf' ? fields.get('') : undefined);
  const code = signal === undefined ? -1 : codeOf(signal);
  if (code < 0) return err(400);
  const digit = code === FLASH ? undefined : KEYS[code];
  return ok({ digit, durationMs: durationOf(fields.get('duration')) });
}

/** `application/dtmf-relay` as Cisco defined it and everybody reads it; `application/dtmf` is the key alone. */
export function infoKeyBody(contentType: InfoKeyType, digit: string, durationMs: number): string {
  return contentType === 'application/dtmf' ? digit : `Signal=${digit}\r\nDuration=${durationMs}\r\n`;
}

export type InfoKeyType = 'application/dtmf-relay' | 'application/dtmf';

/** Names in lower case; a line without `=` or `:` has the empty name. The first of a name counts. */
function fieldsOf(body: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of body.split(/[\r\n]+/)) {
    if (line.trim() === '') continue;
    const at = line.search(/[=:]/);
    const name = line.slice(0, Math.max(at, 0)).trim().toLowerCase();
    const value = line
      .slice(at + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
    if (!fields.has(name)) fields.set(name, value);
  }
  return fields;
}

/** RFC 4733 code of a key as it is written; -1 for what is none. */
function codeOf(signal: string): number {
  const text = signal.trim().toUpperCase();
  if (text === '%23') return KEYS.indexOf('#');
  if (text === '%2A') return KEYS.indexOf('*');
  if (text === '!' || text === 'F' || text === 'FLASH' || text === 'HF') return FLASH;
  if (/^1[0-6]$/.test(text)) return Number(text);
  return text.length === 1 ? KEYS.indexOf(text) : -1;
}

function durationOf(text: string | undefined): number {
  const ms = /^\d{1,6}$/.test(text ?? '') ? Number(text) : DEFAULT_MS;
  return Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS);
}
