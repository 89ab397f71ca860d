import { bytesOf, type Draft, request } from './draft.ts';
import { Random } from './random.ts';

/** Every header that somebody parses: the server, or drachtio-srf behind it. */
export const PARSED_HEADERS = [
  'via',
  'from',
  'to',
  'call-id',
  'cseq',
  'contact',
  'route',
  'record-route',
  'path',
  'service-route',
  'require',
  'supported',
  'max-forwards',
  'content-length',
  'content-type',
  'session-expires',
  'min-se',
  'rack',
  'rseq',
  'refer-to',
  'referred-by',
  'p-asserted-identity',
  'authorization',
  'date',
  'replaces',
  'subject',
] as const;

/** What each flood is made of; repeated to its length. */
export const FILLERS: Readonly<Record<string, string>> = {
  spaces: ' ',
  tabs: '\t',
  quotes: '"',
  'escaped quotes': '\\"',
  backslashes: '\\',
  commas: ',',
  'spaced commas': ' , ',
  semicolons: ';',
  'spaced semicolons': ' ; ',
  'open parentheses': '(',
  parentheses: '()',
  'open angles': '<',
  angles: '<sip:a@b>,',
  parameters: ';a=b',
  'quoted parameters': ';a="b"',
  colons: ':',
  'at signs': '@',
  escapes: '%41',
  words: 'a ',
  folds: '\r\n ',
  'quoted folds': '"\r\n "',
  brackets: '[',
  'high bytes': '\xff',
};

/** Where in the value the flood stands. */
export const PLACES = ['before', 'inside', 'after', 'instead'] as const;
export type Place = (typeof PLACES)[number];

/** A valid INVITE with one header flooded to about `size` bytes. */
export function flood(header: string, filler: string, place: Place, size: number): Buffer {
  const draft: Draft = request(new Random(1), 'INVITE', {
    branch: 'z9hG4bKflood',
    callId: 'flood',
    uri: 'sip:us@127.0.0.1',
  });
  const piece = FILLERS[filler] ?? filler;
  const text = piece.repeat(Math.ceil(size / piece.length));
  let target = draft.fields.find(({ name }) => name.toLowerCase() === header);
  if (!target) {
    target = { name: header, value: '<sip:a@b>;x="y"' };
    draft.fields.push(target);
  }
  const { value } = target;
  const middle = Math.floor(value.length / 2);
  target.value =
    place === 'before'
      ? text + value
      : place === 'after'
        ? value + text
        : place === 'instead'
          ? text
          : value.slice(0, middle) + text + value.slice(middle);
  return bytesOf(draft).subarray(0, 65_500);
}

/** The same flood over many headers, each within the limit of a line. */
export function floodOfLines(filler: string, lines: number, lineLength: number): Buffer {
  const draft = request(new Random(1), 'INVITE', {
    branch: 'z9hG4bKlines',
    callId: 'lines',
    uri: 'sip:us@127.0.0.1',
  });
  const piece = FILLERS[filler] ?? filler;
  const value = piece.repeat(Math.max(1, Math.floor(lineLength / piece.length)));
  for (let i = 0; i < lines; i++) draft.fields.push({ name: i % 2 ? 'Contact' : 'Subject', value });
  return bytesOf(draft).subarray(0, 65_500);
}
