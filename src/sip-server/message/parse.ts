import { err, ok, type Result } from '../../shared/result.ts';
import { isSpaceCode, isToken, isTokenCode, skipQuoted, trim } from '../grammar/scan.ts';
import { Headers } from './headers.ts';

/** Limits toward hostile input; a message beyond them is answered 400 or 513, or dropped. */
export const LIMITS = {
  /** Bytes of a whole message. */
  message: 65_535,
  /** Bytes of one unfolded header line. */
  headerLine: 8192,
  headers: 200,
  vias: 70,
} as const;

/** A message cut into its parts; nothing is known yet about the meaning of its headers. */
export interface RawMessage {
  readonly start: StartLine;
  readonly headers: Headers;
  readonly body: Buffer;
}

export type StartLine =
  | { readonly kind: 'request'; readonly method: string; readonly uri: string }
  | { readonly kind: 'response'; readonly status: number; readonly reason: string };

/** Why a message is refused; what could be read of a request's headers serves to answer it. */
export interface Malformed {
  readonly status: number;
  readonly reason: string;
  /** Undefined when it was a response, or too broken to be answered. */
  readonly headers?: Headers;
  /** Of the request, to tell an ACK, which is never answered. */
  readonly method?: string;
}

/**
 * Cuts one datagram into start line, header fields and body (RFC 3261 7, 18.3): folded lines joined, runs of white
 * space collapsed, compact names expanded, Content-Length applied in bytes. Lines end with CRLF: a bare CR or LF is a
 * control character, for who takes it as a line end reads other headers than his neighbour. Linear in the input.
 */
export function cutMessage(data: Buffer): Result<RawMessage, Malformed> {
  const end = data.indexOf('\r\n\r\n');
  const text = data.toString('latin1', 0, end < 0 ? data.length : end);
  const lineEnd = text.indexOf('\r\n');
  const first = lineEnd < 0 ? text : text.slice(0, lineEnd);
  const start = parseStartLine(first);
  const cut = cutHeaders(lineEnd < 0 ? '' : text.slice(lineEnd + 2));
  if (first.length > LIMITS.headerLine) return err({ status: 400, reason: 'Start line too long' });
  const isRequest = start.ok ? start.value.kind === 'request' : !isStatusLine(first);
  const fail = (status: number, reason: string): Result<RawMessage, Malformed> => {
    if (!isRequest) return err({ status, reason });
    const space = first.indexOf(' ');
    return err({ status, reason, headers: cut.headers, method: space < 0 ? first : first.slice(0, space) });
  };
  if (!start.ok) return fail(start.error.status, start.error.reason);
  if (cut.problem !== undefined) return fail(400, cut.problem);
  if (end < 0) return fail(400, 'Missing end of headers');

  const rest = data.subarray(end + 4);
  const lengths = cut.headers.all('content-length');
  if (lengths.length > 1) return fail(400, 'Several Content-Length headers');
  const declared = lengths[0];
  cut.headers.remove('content-length');
  if (declared === undefined) return ok({ start: start.value, headers: cut.headers, body: rest });
  if (!/^\d{1,9}$/.test(declared)) return fail(400, 'Bad Content-Length');
  const length = Number(declared);
  if (length > rest.length) return fail(400, 'Content-Length beyond the message');
  return ok({ start: start.value, headers: cut.headers, body: rest.subarray(0, length) });
}

function parseStartLine(line: string): Result<StartLine, { status: number; reason: string }> {
  if (isStatusLine(line)) {
    // The reason phrase may be empty, but the space before it may not be missing (RFC 4475 3.1.1.13).
    if (!line.startsWith('SIP/2.0 ')) return err({ status: 505, reason: 'Version Not Supported' });
    const code = line.slice(8, 11);
    const status = /^[1-6]\d\d$/.test(code) ? Number(code) : 0;
    if (status === 0 || (line.length > 11 && line[11] !== ' '))
      return err({ status: 400, reason: 'Bad status line' });
    return ok({ kind: 'response', status, reason: clean(line.slice(12)) ?? '' });
  }
  const parts = line.split(' ', 4);
  const [method = '', uri = '', version = ''] = parts;
  if (!isToken(method)) return err({ status: 400, reason: 'Bad request line' });
  if (parts.length === 3 && /^SIP\/\d+\.\d+$/i.test(version) && version.toUpperCase() !== 'SIP/2.0') {
    return err({ status: 505, reason: 'Version Not Supported' });
  }
  if (parts.length !== 3 || uri === '' || version.toUpperCase() !== 'SIP/2.0') {
    return err({ status: 400, reason: 'Bad request line' });
  }
  return ok({ kind: 'request', method, uri });
}

/** Even a broken one, in any case: to answer a response would be a fault. */
const isStatusLine = (line: string): boolean => line.slice(0, 4).toUpperCase() === 'SIP/';

function cutHeaders(text: string): { headers: Headers; problem?: string } {
  const headers = new Headers();
  let problem: string | undefined;
  let at = 0;
  while (at < text.length) {
    let end = text.indexOf('\r\n', at);
    if (end < 0) end = text.length;
    let line = text.slice(at, end);
    at = end + 2;
    // Folding: a line that begins with white space continues the one before (RFC 3261 7.3.1).
    if (at < text.length && isSpaceCode(text.charCodeAt(at))) {
      const pieces = [line];
      while (at < text.length && isSpaceCode(text.charCodeAt(at))) {
        end = text.indexOf('\r\n', at);
        if (end < 0) end = text.length;
        pieces.push(text.slice(at, end));
        at = end + 2;
      }
      line = pieces.join(' ');
    }
    // Goes on after a problem: what follows may be needed to answer.
    const found = addHeader(headers, line);
    problem ??= found;
  }
  return problem === undefined ? { headers } : { headers, problem };
}

function addHeader(headers: Headers, line: string): string | undefined {
  if (line.length > LIMITS.headerLine) return 'Header line too long';
  if (headers.size >= LIMITS.headers) return 'Too many headers';
  let i = 0;
  while (i < line.length && isTokenCode(line.charCodeAt(i))) i++;
  const name = line.slice(0, i);
  while (i < line.length && isSpaceCode(line.charCodeAt(i))) i++;
  if (name === '' || line.charCodeAt(i) !== 0x3a) return 'Bad header line';
  const value = clean(line.slice(i + 1));
  if (value === undefined) return 'Control character in a header';
  headers.append(name, value);
  return undefined;
}

/**
 * Trims, and makes each run of spaces and tabs outside quoted strings one space. Control characters are refused,
 * except as a quoted pair (RFC 3261 25.1), so that no line break can reach an application inside a value.
 */
function clean(text: string): string | undefined {
  let out = '';
  let from = 0;
  let balanced = true;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22 && balanced) {
      const end = skipQuoted(text, i);
      if (end < 0) {
        balanced = false;
        continue;
      }
      for (let j = i + 1; j < end; j++) {
        const inner = text.charCodeAt(j);
        if (inner === 0x5c) j++;
        else if (isControl(inner)) return undefined;
        const escaped = text.charCodeAt(j);
        if (escaped === 0x0d || escaped === 0x0a) return undefined;
      }
      i = end - 1;
    } else if (isSpaceCode(code)) {
      out += `${text.slice(from, i)} `;
      while (isSpaceCode(text.charCodeAt(i + 1))) i++;
      from = i + 1;
    } else if (isControl(code)) return undefined;
  }
  return trim(out + text.slice(from));
}

const isControl = (code: number): boolean => (code < 0x20 && code !== 0x09) || code === 0x7f;
