import { cleanText, paramsOf, parseNameAddr, splitOutside, userOf } from './grammar.ts';

/** Who the other side says is there. */
export interface AssertedIdentity {
  /** Unescaped, at most 128 characters; '' when there is none. */
  readonly user: string;
  readonly uri: string;
  /** On one line, at most 128 characters. */
  readonly displayName: string;
  /** It is to be told to nobody else. */
  readonly isPrivate: boolean;
}

const MAX = 128;
const MAX_URI = 512;

/**
 * P-Asserted-Identity (RFC 3325; of two the sip: address before the tel: one), else Remote-Party-ID
 * (draft-ietf-sip-privacy-04), with what Privacy (RFC 3323) asks for. undefined: neither is there, or neither is an
 * address. Only to be believed of peers that are trusted.
 */
export function assertedIdentity(header: (name: string) => string | undefined): AssertedIdentity | undefined {
  const asserted = splitOutside(header('p-asserted-identity') ?? '', ',').slice(0, 4);
  const isPrivate = /(?:^|[;,\s])(?:id|user|critical)(?:$|[;,\s])/i.test(
    (header('privacy') ?? '').slice(0, 256),
  );
  for (const scheme of [/^sips?:/i, /^tel:/i]) {
    const found = asserted.find((value) => scheme.test(parseNameAddr(value).uri));
    if (found !== undefined) return identityOf(found, isPrivate);
  }
  const [party] = splitOutside(header('remote-party-id') ?? '', ',');
  if (party === undefined || !/^(?:sips?|tel):/i.test(parseNameAddr(party).uri)) return undefined;
  const privacy = paramsOf(splitOutside(party, ';').slice(1)).get('privacy') ?? 'off';
  return identityOf(party, isPrivate || !/^off$/i.test(privacy));
}

function identityOf(value: string, isPrivate: boolean): AssertedIdentity {
  const { uri, displayName } = parseNameAddr(value);
  return {
    uri: cleanText(uri).slice(0, MAX_URI),
    user: short(userOf(uri)),
    displayName: short(displayName),
    isPrivate,
  };
}

const short = (text: string): string => [...cleanText(text)].slice(0, MAX).join('');
