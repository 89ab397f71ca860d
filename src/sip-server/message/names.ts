/** Not an object: a header may be called `constructor`. */
function entries(of: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(of));
}

/** Compact forms of RFC 3261 20 and its extensions, as registered with IANA; to the key (lower case). */
const COMPACT: ReadonlyMap<string, string> = entries({
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
});

/** Spellings that capitals after hyphens do not give. */
const SPELLED: ReadonlyMap<string, string> = entries({
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'mime-version': 'MIME-Version',
  'min-se': 'Min-SE',
  rack: 'RAck',
  rseq: 'RSeq',
  'sip-etag': 'SIP-ETag',
  'sip-if-match': 'SIP-If-Match',
  'www-authenticate': 'WWW-Authenticate',
});

/** The key of a header name as written: lower case, compact form expanded. */
export function headerKey(name: string): string {
  const key = name.toLowerCase();
  return key.length === 1 ? (COMPACT.get(key) ?? key) : key;
}

/** How a header is written: as given, unless it came in compact form or all in lower case. */
export function headerName(name: string, key: string): string {
  if (name.length > 1 && name !== key) return name;
  const spelled = SPELLED.get(key);
  if (spelled !== undefined) return spelled;
  return key.replace(/(^|-)([a-z])/g, (_, hyphen: string, letter: string) => hyphen + letter.toUpperCase());
}

/** Methods of RFC 3261 and its extensions; others are legal but known to nobody here. */
export const METHODS: ReadonlySet<string> = new Set([
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'REGISTER',
  'INFO',
  'PRACK',
  'UPDATE',
  'SUBSCRIBE',
  'NOTIFY',
  'REFER',
  'MESSAGE',
  'PUBLISH',
]);

/** Requests that may move the remote target (RFC 3261 12.2, 3311, 6665 4.4.1). */
export const TARGET_REFRESH: ReadonlySet<string> = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY']);

/** Reason phrases of the answers the server gives by itself. */
export const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying',
  200: 'OK',
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  422: 'Session Interval Too Small',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  487: 'Request Terminated',
  491: 'Request Pending',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  505: 'Version Not Supported',
  513: 'Message Too Large',
};
