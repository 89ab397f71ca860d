import { isObject, type Json, parseJsonLossless } from './json.ts';

/** An SDP wherever Meta puts one: `{ sdp_type, sdp }`, a bare string, or that object as a JSON string. */
export function sdpOf(value: Json | undefined): string | undefined {
  if (isObject(value)) return sdpOf(value['sdp']);
  if (typeof value !== 'string' || value.length === 0) return undefined;
  if (value.startsWith('v=')) return crlf(value);
  const parsed = parseJsonLossless(value);
  return parsed.ok && isObject(parsed.value) ? sdpOf(parsed.value) : undefined;
}

/** Any mix of line ends to CRLF, with a final one. */
export function crlf(sdp: string): string {
  return `${sdp
    .split(/[\r\n]+/)
    .filter((line) => line !== '')
    .join('\r\n')}\r\n`;
}
