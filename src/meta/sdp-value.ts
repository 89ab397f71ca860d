import { isObject, type Json, parseJsonLossless } from './json.ts';

/** `{ sdp: "{\"sdp\": …" }` is the deepest form seen; the bound keeps odd input from recursing. */
const MAX_DEPTH = 4;

/** An SDP wherever Meta puts one: `{ sdp_type, sdp }`, a bare string, or that object as a JSON string. */
export function sdpOf(value: Json | undefined, depth = 0): string | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (isObject(value)) return sdpOf(value['sdp'], depth + 1);
  if (typeof value !== 'string') return undefined;
  const text = value.trimStart();
  if (text.startsWith('v=')) return crlf(text);
  if (!text.startsWith('{')) return undefined;
  const parsed = parseJsonLossless(text);
  return parsed.ok ? sdpOf(parsed.value, depth + 1) : undefined;
}

/** Any mix of line ends to CRLF, with a final one (RFC 8866 section 9: lines end with CRLF). */
export function crlf(sdp: string): string {
  return `${sdp
    .split(/[\r\n]+/)
    .filter((line) => line !== '')
    .join('\r\n')}\r\n`;
}
