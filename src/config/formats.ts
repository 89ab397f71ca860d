import { isIP } from 'node:net';
import { isHoliday, isTimeOfDay, isZone } from './calendar.ts';

/** RFC 1123: labels of at most 63 characters. */
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Formats of the schema that JSON Schema itself has not. */
export const FORMATS: Readonly<Record<string, (value: string) => boolean>> = {
  ip: (value) => isIP(value) !== 0,
  cidr: isCidr,
  host: isHost,
  'host-port': isHostPort,
  // RFC 3261 section 19.1: without user and headers; the transport is the only parameter that says where to go.
  'next-hop': (value) => {
    const [, scheme = '', where = '', transport = ''] = NEXT_HOP.exec(value) ?? [];
    return isHostPort(where) && (scheme !== 'sips:' || transport === '' || transport === 'tls');
  },
  // A line end in a header is the beginning of the next one.
  line: (value) => !/[\p{Cc}\u2028\u2029]/u.test(value),
  // RFC 9110 section 5.5; what is sent after `Bearer ` has no spaces either.
  visible: (value) => /^[!-~]+$/.test(value),
  products: (value) => PRODUCTS.test(value),
  url: isUrl,
  whsec: isWebhookSecret,
  zone: isZone,
  time: isTimeOfDay,
  holiday: isHoliday,
};

const NEXT_HOP = /^(sips?:)?([^;]+?)(?:;lr)?(?:;transport=(udp|tcp|tls))?(?:;lr)?$/;

/** RFC 3261 section 25.1, without comments: `token`, or `token/version`. */
const PRODUCTS = /^[\w\-.!%*+`'~]+(\/[\w\-.!%*+`'~]+)?( [\w\-.!%*+`'~]+(\/[\w\-.!%*+`'~]+)?)*$/;

/** What such a value is called, and how it is written. */
export const FORMAT_WORDS: Readonly<Record<string, { readonly name: string; readonly example: string }>> = {
  ip: { name: 'IP address', example: 'in numbers, such as 192.0.2.10' },
  cidr: { name: 'IP address or CIDR range', example: 'in numbers, such as 192.0.2.10 or 192.0.2.0/24' },
  host: {
    name: 'host name or IP address',
    example: 'without scheme, user and port, such as pbx.example.org or 192.0.2.20',
  },
  'host-port': {
    name: 'host with or without port',
    example: 'such as pbx.example.org, 192.0.2.20:5080 or [2001:db8::1]:5060',
  },
  'next-hop': {
    name: 'next hop',
    example: 'such as sip:proxy.example.org;transport=tls or 192.0.2.5:5060;transport=tcp',
  },
  line: { name: 'text of one line', example: 'without line ends, tabs and other control characters' },
  visible: { name: 'text that a header can carry', example: 'in ASCII, without spaces' },
  products: { name: 'User-Agent', example: 'as words without spaces, such as acme-gateway or acme/2.1' },
  whsec: {
    name: 'secret of Standard Webhooks',
    example: 'as whsec_ and 24 to 64 random bytes in base64 (openssl rand -base64 32)',
  },
  zone: { name: 'time zone', example: 'as the IANA names it, such as Europe/Berlin' },
  time: { name: 'time of day', example: 'as hours and minutes, from 00:00 to 24:00' },
  holiday: {
    name: 'day or span of days',
    example: 'as 2026-12-25, as 12-25 for every year, or as FIRST/LAST with days that exist',
  },
  url: {
    name: 'web address',
    example: 'with its scheme, without user, query and fragment, such as https://graph.facebook.com',
  },
};

function isCidr(value: string): boolean {
  const [address = '', bits, more] = value.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** A host of a SIP URI (RFC 3261 section 25.1): IPv6 with or without brackets, but no zone. */
function isHost(value: string): boolean {
  const bare = value.startsWith('[') && value.endsWith(']') ? value.slice(1, -1) : value;
  if (isIP(bare) === 6) return !bare.includes('%');
  const labels = value.replace(/\.$/, '').split('.');
  // Numbers and dots only are an address, and then a right one.
  if (labels.every((label) => /^\d+$/.test(label))) return isIP(value) === 4;
  return value.length <= 253 && labels.every((label) => LABEL.test(label));
}

/** A host and perhaps a port: IPv6 in brackets, where there is a port. */
function isHostPort(value: string): boolean {
  if (isHost(value)) return true;
  const [, name = '', port = ''] = /^(.+):(\d{1,5})$/.exec(value) ?? [];
  const isBare = isIP(name) === 6;
  return isHost(name) && !isBare && Number(port) >= 1 && Number(port) <= 65_535;
}

/** As Standard Webhooks 1.0 writes a symmetric secret. */
function isWebhookSecret(value: string): boolean {
  const [, text = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(value) ?? [];
  const { length } = Buffer.from(text, 'base64');
  return length >= 24 && length <= 64;
}

/** An http(s) address that paths can be added to. */
function isUrl(value: string): boolean {
  if (!/^https?:\/\/[!-~]+$/.test(value) || /[?#\\]/.test(value) || !URL.canParse(value)) return false;
  const { username, password } = new URL(value);
  return username === '' && password === '';
}
