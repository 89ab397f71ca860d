/** Headers that carry somebody's name before an address, long and compact (RFC 3261 7.3.3, 3325, 5806, 7044). */
const NAMED_HEADERS =
  /^((?:from|f|to|t|contact|m|reply-to|referred-by|b|refer-to|r|p-asserted-identity|p-preferred-identity|p-called-party-id|remote-party-id|diversion|history-info)[ \t]*:)([^\r\n]*)/gim;
const QUOTED_NAME = /"(?:[^"\\]|\\.)*"(\s*<)/g;
const BARE_NAME = /(^|,)(\s*)[^<>",;:\s][^<>",;:]*(<)/g;
/** Shorter names would cut up words that are not theirs. */
const MIN_NAME = 3;

/** A SIP message without display names, and without the ids and names that are given, as they are or URI-encoded. */
export function hidePersons(text: string, persons: readonly string[]): string {
  const unnamed = text.replace(
    NAMED_HEADERS,
    (_, name: string, value: string) =>
      name + value.replace(QUOTED_NAME, '"[person]"$1').replace(BARE_NAME, '$1$2[person] $3'),
  );
  return hideKnown(unnamed, persons);
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
