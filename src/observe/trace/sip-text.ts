/** Value of the first header of this name, long or compact; folded lines are not joined. */
export function sipHeader(text: string, name: string, compact?: string): string | undefined {
  const end = text.search(/\r?\n\r?\n/);
  const names = compact === undefined ? name : `${name}|${compact}`;
  const found = new RegExp(`^(?:${names})[ \\t]*:[ \\t]*([^\\r\\n]*)`, 'im').exec(
    end < 0 ? text : text.slice(0, end),
  );
  return found?.[1]?.trimEnd();
}

/** `INVITE`, `200 OK (BYE)`, `183 Session Progress`, with `SDP` when it carries a description. */
export function sipSummary(text: string): string {
  const [first = ''] = text.split(/\r?\n/, 1);
  const sdp = /^(?:content-type|c)[ \t]*:[ \t]*application\/sdp/im.test(text) ? ' (SDP)' : '';
  const response = /^SIP\/2\.0 (\d{3}) ?(.*)$/.exec(first);
  if (!response) return `${first.split(' ', 1)[0] ?? ''}${sdp}`;
  const [, status = '', reason = ''] = response;
  const method = sipHeader(text, 'cseq')?.split(/\s+/)[1] ?? '';
  return `${status} ${reason}${method === 'INVITE' || method === '' ? '' : ` (${method})`}${sdp}`;
}

/** The message with a Content-Length that fits what was cut out of its body. */
export function fitLength(text: string): string {
  const split = /\r?\n\r?\n/.exec(text);
  if (!split) return text;
  const at = split.index + split[0].length;
  const bytes = Buffer.byteLength(text.slice(at));
  const head = text.slice(0, at).replace(/^((?:content-length|l)[ \t]*:[ \t]*)\d+/im, `$1${bytes}`);
  return head + text.slice(at);
}
