import { fillTemplate } from './header-template.ts';
import type { Caller } from './types.ts';

/** What goes into User-to-User (RFC 7433); the configuration's `userToUser` fits. */
export interface UserToUserRule {
  readonly template: string;
  readonly encoding: 'hex' | 'ascii';
  /** First byte, where the PBX hands the rest to ISDN. */
  readonly discriminator?: number | undefined;
}

/** Longest user information in bytes, with the discriminator: what ISDN carries. */
const MAX_BYTES = 128;

/** The header's value: hexadecimal, or a quoted text, which RFC 7433 knows as a form and leaves to both sides to read. */
export function userToUser({ template, encoding, discriminator }: UserToUserRule, caller: Caller): string {
  const text = fillTemplate(template, caller);
  if (encoding === 'ascii') {
    const plain = text.replace(/["\\]/g, '').replace(/[^\x20-\x7E]/gu, '?');
    return `"${plain.slice(0, MAX_BYTES)}";encoding=ascii`;
  }
  const first = discriminator === undefined ? [] : [discriminator];
  const bytes = Buffer.from([...first, ...wholeCharacters(text, MAX_BYTES - first.length)]);
  return `${bytes.toString('hex')};encoding=hex`;
}

/** As much of the text as fits into `max` bytes of UTF-8. */
function wholeCharacters(text: string, max: number): Uint8Array {
  const bytes = new Uint8Array(max);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return bytes.subarray(0, written);
}

/** The text in a User-to-User value, when it is one; a first byte below 0x20 is taken for a discriminator. */
export function userToUserText(value: string): string | undefined {
  const [, quoted, plain = '', parameters = ''] =
    /^\s*(?:"([^"]{0,512})"|([^;"\s]{1,512}))\s*(;.*)?$/s.exec(value) ?? [];
  const isHex = /;\s*encoding\s*=\s*"?hex/i.test(parameters) || !/;\s*encoding\s*=/i.test(parameters);
  const data = quoted ?? plain;
  if (!isHex || !/^(?:[0-9a-f]{2})+$/i.test(data)) return quoted === undefined ? undefined : readable(quoted);
  const bytes = Buffer.from(data, 'hex');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(
      (bytes[0] ?? 0) < 0x20 ? bytes.subarray(1) : bytes,
    );
    return readable(text);
  } catch {
    return undefined;
  }
}

const readable = (text: string): string | undefined =>
  text === '' || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) ? undefined : text;
