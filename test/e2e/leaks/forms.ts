/** Of base64, what stands between other bytes: fewer characters would be met by chance. */
const LEAST_BASE64 = 7;

/**
 * Every way in which a text may be written down, also in the middle of others (as a password behind a user name in
 * base64): as it is, as part of a URL or a form, hexadecimal, base64 of both alphabets. What JSON and URLs do to these is
 * undone by `viewsOf`.
 */
export function textForms(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const inUrl = encodeURIComponent(text);
  return distinct([text, inUrl, inUrl.replaceAll('%20', '+'), ...hexForms(bytes), ...base64Forms(bytes)]);
}

/** The same of bytes: as they are (latin1), hexadecimal, decimal as JSON and Node print an array or a buffer, base64. */
export function keyForms(key: Uint8Array): readonly string[] {
  const bytes = Buffer.from(key);
  return distinct([
    bytes.toString('latin1'),
    ...hexForms(bytes),
    bytes.join(','),
    [...bytes].map((byte, i) => `"${i}":${byte}`).join(','),
    ...base64Forms(bytes),
  ]);
}

/** JSON within JSON within a header of a reply. */
const DEPTH = 4;

/**
 * A text, and what it says to whoever undoes JSON (also JSON within JSON), the escapes of URLs, and the white space with
 * which bytes are printed.
 */
export function viewsOf(text: string): readonly string[] {
  const views = [text, withoutPercent(text), squeezed(text)];
  let plain = text;
  for (let depth = 0; depth < DEPTH && plain.includes('\\'); depth++) {
    plain = withoutJson(plain);
    views.push(plain, squeezed(plain));
  }
  return distinct(views);
}

const hexForms = (bytes: Buffer): string[] => {
  const hex = bytes.toString('hex');
  const pairs = hex.match(/../g)?.join(':') ?? '';
  return [hex, hex.toUpperCase(), pairs, pairs.toUpperCase()];
};

const base64Forms = (bytes: Buffer): string[] =>
  [0, 1, 2]
    .map((before) => inBase64(bytes, before))
    .filter((text) => text.length >= LEAST_BASE64)
    .flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')]);

/** What of the base64 of something with `before` (mod 3) bytes before these is theirs alone. */
function inBase64(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  const from = Math.ceil((before * 8) / 6);
  const to = Math.floor(((before + bytes.length) * 8) / 6);
  return text.slice(from, to);
}

const CONTROLS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

const withoutJson = (text: string): string =>
  text.replace(/\\(?:u([0-9a-f]{4})|(.))/gi, (_, code: string | undefined, char: string | undefined) =>
    code === undefined
      ? (CONTROLS[char ?? ''] ?? char ?? '')
      : String.fromCharCode(Number.parseInt(code, 16)),
  );

const withoutPercent = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

const squeezed = (text: string): string => text.replace(/\s+/g, '');

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].filter((text) => text !== '');
