/** Suites of SDES that we speak (RFC 4568 section 6.2, RFC 7714 section 14.1), in the order in which we offer them. */
export const SDES_SUITES = [
  'AES_CM_128_HMAC_SHA1_80',
  'AEAD_AES_128_GCM',
  'AES_CM_128_HMAC_SHA1_32',
] as const;
export type SdesSuite = (typeof SDES_SUITES)[number];

/** Whether a trunk's media is SRTP with keys in SDP. */
export type SrtpPolicy = 'off' | 'optional' | 'required';

/** Master key (16 bytes) and salt (14; AEAD_AES_128_GCM 12) of what one side sends. */
export interface SdesKey {
  readonly suite: SdesSuite;
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** A key as it stands in an `a=crypto` line. */
export interface SdesCrypto extends SdesKey {
  readonly tag: number;
}

/** Our side: one key for each suite, the same for the life of the dialog. */
export interface SdesLocal {
  readonly policy: 'optional' | 'required';
  readonly keys: readonly SdesKey[];
}

/** What both sides agreed; the media room's SrtpKeys. */
export interface SdesAgreed {
  readonly profile: SdesSuite;
  readonly local: Pick<SdesKey, 'key' | 'salt'>;
  readonly remote: Pick<SdesKey, 'key' | 'salt'>;
}

const KEY_BYTES = 16;
/** We never change a key by ourselves, and this many packets are five hours of 20 ms. */
const SHORTEST_LIFETIME = 2 ** 20;

const saltBytes = (suite: SdesSuite): number => (suite === 'AEAD_AES_128_GCM' ? 12 : 14);

/** New keys for one dialog; undefined when the policy is off. @param random that many unguessable bytes */
export function newSdes(policy: SrtpPolicy, random: (bytes: number) => Uint8Array): SdesLocal | undefined {
  if (policy === 'off') return undefined;
  return {
    policy,
    // Copies: a part of a larger memory would take all of it to another thread.
    keys: SDES_SUITES.map((suite) => ({
      suite,
      key: Uint8Array.from(random(KEY_BYTES)),
      salt: Uint8Array.from(random(saltBytes(suite))),
    })),
  };
}

/** The lines of an offer: tags from 1 on. */
export function cryptoOffer({ keys }: SdesLocal): string[] {
  return keys.map((key, i) => cryptoLine({ ...key, tag: i + 1 }));
}

export function cryptoLine({ tag, suite, key, salt }: SdesCrypto): string {
  return `a=crypto:${tag} ${suite} inline:${Buffer.concat([key, salt]).toString('base64')}`;
}

/**
 * Reads the value of an `a=crypto` line (RFC 4568 section 9.1). Undefined when we cannot do what it asks: another
 * suite, a key that is no key, several keys or an MKI (section 6.1), a key that lives for less than five hours, or a
 * session parameter other than WSH and those marked as optional with `-` (section 6.3).
 */
export function parseCrypto(value: string): SdesCrypto | undefined {
  const [, tag, name, keys, session = ''] = /^(\d{1,9}) +(\S+) +(\S+)(?: +(.*))?$/.exec(value.trim()) ?? [];
  const suite = SDES_SUITES.find((each) => each === name?.toUpperCase());
  if (tag === undefined || keys === undefined || !suite) return undefined;
  if (!session.split(' ').every((parameter) => parameter === '' || /^(WSH=\d+$|-)/i.test(parameter))) {
    return undefined;
  }
  const [, written, rest = ''] = /^inline:([A-Za-z0-9+/]+={0,2})((?:\|[^;|]*)*)$/i.exec(keys) ?? [];
  if (written === undefined) return undefined;
  const bytes = Uint8Array.from(Buffer.from(written, 'base64'));
  if (bytes.length !== KEY_BYTES + saltBytes(suite)) return undefined;
  const lifetimes = rest.split('|').slice(1);
  if (lifetimes.length > 1 || !lifetimes.every(livesLong)) return undefined;
  return { tag: Number(tag), suite, key: bytes.slice(0, KEY_BYTES), salt: bytes.slice(KEY_BYTES) };
}

/** `2^31` or a number; `1:4` is an MKI. */
function livesLong(lifetime: string): boolean {
  const [, exponent, packets] = /^(?:2\^(\d{1,2})|(\d{1,15}))$/.exec(lifetime) ?? [];
  return (exponent === undefined ? Number(packets) : 2 ** Number(exponent)) >= SHORTEST_LIFETIME;
}

/** The values of the `a=crypto` lines of the m-line at `index`; the library keeps only a part of each. */
export function cryptoLines(normalized: string, index: number): string[] {
  const section = normalized.split('\r\nm=')[index + 1] ?? '';
  return section.split('\r\n').flatMap((line) => (line.startsWith('a=crypto:') ? [line.slice(9)] : []));
}

/** Our answer to the first of the phone's lines that we have a key for. */
export function answerCrypto(
  local: SdesLocal | undefined,
  offered: readonly SdesCrypto[],
): { readonly line: string; readonly agreed: SdesAgreed } | undefined {
  for (const theirs of offered) {
    const ours = local?.keys.find(({ suite }) => suite === theirs.suite);
    if (ours) return { line: cryptoLine({ ...ours, tag: theirs.tag }), agreed: agreedOf(ours, theirs) };
  }
  return undefined;
}

/** What the phone's answer chose of our offer: tag and suite must be those of one line (RFC 4568 section 5.1.3). */
export function agreeCrypto(
  local: SdesLocal | undefined,
  answered: readonly SdesCrypto[],
): SdesAgreed | undefined {
  for (const theirs of answered) {
    const ours = local?.keys[theirs.tag - 1];
    if (ours?.suite === theirs.suite) return agreedOf(ours, theirs);
  }
  return undefined;
}

function agreedOf(ours: SdesKey, theirs: SdesCrypto): SdesAgreed {
  return {
    profile: ours.suite,
    local: { key: ours.key, salt: ours.salt },
    remote: { key: theirs.key, salt: theirs.salt },
  };
}
