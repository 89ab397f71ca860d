/** Keys by their RFC 4733 event code, 0 to 15 (section 3.2, table 3). */
export const DTMF_KEYS = '0123456789*#ABCD';

/** Event code of a hook flash (RFC 4733 section 3.2). */
export const FLASH = 16;

/** ITU-T Q.23 section 6: the low group, Hz, top row of the keypad first. */
export const LOW_HZ = [697, 770, 852, 941] as const;
/** ITU-T Q.23 section 6: the high group, Hz, left column of the keypad first. */
export const HIGH_HZ = [1209, 1336, 1477, 1633] as const;

const KEYPAD = '123A456B789C*0#D';

/** Event code of the key in that row and column, each 0 to 3. */
export const CODE_AT: readonly number[] = [...KEYPAD].map((key) => DTMF_KEYS.indexOf(key));

/** The two frequencies of an event code 0 to 15, Hz. */
export function tonesOf(code: number): { readonly lowHz: number; readonly highHz: number } {
  const at = CODE_AT.indexOf(code);
  return { lowHz: LOW_HZ[at >> 2] ?? 0, highHz: HIGH_HZ[at & 3] ?? 0 };
}
