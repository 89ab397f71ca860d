/**
 * Whether `text` is what `pattern` describes: `*` stands for any run of characters, `?` for one; everything else for
 * itself, upper and lower case apart. Takes at most `text` times `pattern` steps: the text is a stranger's.
 */
export function fitsPattern(pattern: string, text: string): boolean {
  let at = 0;
  let p = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      starAt = at;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[at])) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** Whether it begins with a character that stands for itself. */
export const isAnchored = (pattern: string): boolean => /^[^*?]/.test(pattern);
