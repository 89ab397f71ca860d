import { redactText } from './redact.ts';

/** One SIP message on the wire, as the SIP server reports it. */
export interface TracedMessage {
  readonly direction: 'in' | 'out';
  readonly protocol: string;
  readonly local: { readonly address: string; readonly port: number };
  readonly remote: { readonly address: string; readonly port: number };
  readonly message: Uint8Array;
  /** Wall-clock ms. */
  readonly at: number;
}

/** Values that prove who somebody is, or are made from what does; folded lines included. */
const CREDENTIALS =
  /^((?:proxy-)?(?:authorization|authenticate|authentication-info)|www-authenticate)([ \t]*:[ \t]*)[^\r\n]*(?:\r?\n[ \t]+[^\r\n]*)*/gim;

/** `user:password@` of a SIP URI (RFC 3261 19.1.1). */
const URI_PASSWORD = /(sips?:[^\s:@;?<>"]{1,256}):[^\s@<>"]{1,256}@/gi;

/** For a person to read: a line of where it went, then the message, without credentials and keys of media. */
export function formatSipTrace({ direction, protocol, local, remote, message, at }: TracedMessage): string {
  const text = Buffer.from(message).toString('utf8');
  const arrow = direction === 'in' ? '<-' : '->';
  const head = `${new Date(at).toISOString()} ${protocol} ${host(local)} ${arrow} ${host(remote)} ${message.length} bytes`;
  return `${head}\n${redactSip(text)
    .replaceAll('\r\n', '\n')
    .replace(/[^\P{Cc}\t\n]/gu, '.')
    .trimEnd()}\n`;
}

/** A SIP message that may be shown. */
export function redactSip(text: string): string {
  return redactText(text.replace(CREDENTIALS, '$1$2[secret]').replace(URI_PASSWORD, '$1:[secret]@'));
}

const host = ({ address, port }: TracedMessage['local']): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
