/** Shown when Meta gives no usable name. */
export const FALLBACK_NAME = 'Messenger user';
const FALLBACK_NAMES = { messenger: FALLBACK_NAME, whatsapp: 'WhatsApp user' } as const;

/** Longest display name in code points: desk phones show less, and headers should stay short. */
export const MAX_NAME_LENGTH = 64;

/**
 * Line breaks and controls would write headers of their own or disturb displays; quotes, backslashes and angle
 * brackets are what careless parsers trip over.
 */
const UNWANTED = /[\p{Cc}\p{Co}\p{Cn}\p{Zl}\p{Zp}"\\<>\uFFFD]/gu;

/** Invisible marks can make a name read as another one; only the joiners that scripts and emoji need stay. */
const INVISIBLE = /[\p{Cf}--[\u200C\u200D]]/gv;

const SOMETHING_VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** The caller's name, safe and fit for a From header; never empty. */
export function displayName(
  name: string | undefined,
  platform: keyof typeof FALLBACK_NAMES = 'messenger',
): string {
  const clean = (name ?? '').toWellFormed().replace(INVISIBLE, '').replace(UNWANTED, ' ');
  const short = [...clean.replace(/\s+/gu, ' ').trim()].slice(0, MAX_NAME_LENGTH).join('').trim();
  return SOMETHING_VISIBLE.test(short) ? short : FALLBACK_NAMES[platform];
}
