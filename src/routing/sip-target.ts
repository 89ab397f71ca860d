/** A URI as a REFER or a 302 names it, taken apart. */
export type SipTarget =
  | {
      readonly scheme: 'sip' | 'sips';
      /** User part with its escapes undone; without its parameters and password. */
      readonly user: string;
      /** Lower case; IPv6 without brackets. */
      readonly host: string;
      /** It says of itself that it is a telephone number: `user=phone`, or parameters of RFC 3966 in the user part. */
      readonly isTelephone: boolean;
    }
  | { readonly scheme: 'tel' };

const SCHEME = /^(sips?|tel):/i;
/** `host[:port][;parameters][?headers]` (RFC 3261 25.1). */
const HOST_PORT = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?((?:;[^?]*)?)(?:\?.*)?$/s;
/** RFC 3261 19.1.6: a telephone-subscriber in a user part. */
const TELEPHONE_PARAMETERS = /;(phone-context|isub|postd|ext|tsp)=/i;

/** `uri` without angle brackets; undefined: it is none that can be called, or it has no user part. Single pass. */
export function parseSipTarget(uri: string): SipTarget | undefined {
  const scheme = SCHEME.exec(uri)?.[1]?.toLowerCase();
  if (uri.length > 2_048 || scheme === undefined || /[\p{Cc}\s<>"]/u.test(uri)) return undefined;
  if (scheme === 'tel') return { scheme };
  const rest = uri.slice(scheme.length + 1);
  // An @ that belongs to the user part or to a header is escaped.
  const at = rest.indexOf('@');
  const place = HOST_PORT.exec(rest.slice(at + 1));
  if (at < 1 || !place) return undefined;
  const userinfo = rest.slice(0, at);
  const user = unescaped(userinfo.replace(/[:;].*$/s, ''));
  if (user === undefined || user === '') return undefined;
  return {
    scheme: scheme === 'sips' ? 'sips' : 'sip',
    user,
    host: (place[1] ?? '').replace(/^\[|\]$/g, '').toLowerCase(),
    isTelephone: /;user=phone(;|$)/i.test(place[2] ?? '') || TELEPHONE_PARAMETERS.test(userinfo),
  };
}

function unescaped(user: string): string | undefined {
  try {
    const text = decodeURIComponent(user);
    return /\p{Cc}/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
