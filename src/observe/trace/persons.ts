/** Headers that carry somebody's name before an address, long and compact (RFC 3261 7.3.3, 3325, 5806, 7044). */
const NAMED_HEADERS =
  /^((?:from|f|to|t|contact|m|reply-to|referred-by|b|refer-to|r|p-asserted-identity|p-preferred-identity|p-called-party-id|remote-party-id|diversion|history-info)[ \t]*:)([^\r\n]*)/gim;
/** What a PBX and a CRM tell each other of a customer (RFC 7433, and names of their own); ours are X-Meta-. */
const FREE_HEADERS = /^((?:x-(?!meta-)[^\s:]+|user-to-user)[ \t]*:[ \t]*)[^\r\n]+/gim;
const QUOTED_NAME = /"(?:[^"\\]|\\.)*"(\s*<)/g;
const BARE_NAME = /(^|,)(\s*)[^<>",;:\s][^<>",;:]*(<)/g;
/** Shorter names would cut up words that are not theirs. */
const MIN_NAME = 3;

/** A SIP message without display names, keys pressed and values of X- headers that are not ours, and without the ids and names that are given, as they are or URI-encoded. */
export function hidePersons(text: string, persons: readonly string[]): string {
  const unnamed = text
    .replace(FREE_HEADERS, '$1[person]')
    .replace(
      NAMED_HEADERS,
      (_, name: string, value: string) =>
        name + value.replace(QUOTED_NAME, '"[person]"$1').replace(BARE_NAME, '$1$2[person] $3'),
    );
  return hideKnown(hideKeys(unnamed), persons);
}

/** Keys in the body of an INFO: they may be somebody's PIN. */
function hideKeys(text: string): string {
  if (!/^(?:content-type|c)[ \t]*:[ \t]*application\/dtmf/im.test(text)) return text;
  const split = /\r?\n\r?\n/.exec(text);
  if (!split) return text;
  const at = split.index + split[0].length;
  const body = text.slice(at);
  const isRelay = /^[ \t]*\w+[ \t]*=/m.test(body);
  // application/dtmf-relay has lines like Signal=5; application/dtmf is the key alone.
  const hidden = isRelay ? body.replace(/^([ \t]*signal[ \t]*=[ \t]*)[^\r\n]*/gim, '$1[key]') : '[key]';
  return text.slice(0, at) + hidden;
}

/** The same for a text that is no SIP message. */
export function hideKnown(text: string, persons: readonly string[]): string {
  let hidden = text;
  for (const person of persons) {
    if (person.length < MIN_NAME) continue;
    hidden = hidden.replaceAll(person, '[person]');
    const encoded = encodeURIComponent(person.toWellFormed());
    if (encoded !== person) hidden = hidden.replaceAll(encoded, '[person]');
  }
  return hidden;
}
