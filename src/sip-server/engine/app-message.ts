import { err, ok, type Result } from '../../shared/result.ts';
import { isSpaceCode, isToken, trim } from '../grammar/scan.ts';
import { Headers } from '../message/headers.ts';

/** A SIP message as an application wrote it: a wish, not yet a message. */
export interface AppMessage {
  readonly start:
    | { readonly kind: 'request'; readonly method: string; readonly uri: string }
    | { readonly kind: 'response'; readonly status: number; readonly reason: string };
  readonly headers: Headers;
  readonly body: Buffer;
}

/** Cuts it; control characters in values become spaces. The failure is a text for the NOK frame. */
export function parseAppMessage(data: Buffer): Result<AppMessage, string> {
  const end = data.indexOf('\r\n\r\n');
  const text = data.toString('latin1', 0, end < 0 ? data.length : end);
  // drachtio-srf counts characters, not bytes, in Content-Length: all that follows is the body.
  const body = end < 0 ? Buffer.alloc(0) : data.subarray(end + 4);
  const [first = '', ...lines] = text.split('\r\n');
  const start = startLine(first);
  if (!start) return err('invalid start line');
  const headers = new Headers();
  let last: { name: string; value: string } | undefined;
  const flush = (): void => {
    if (last) headers.append(last.name, trim(last.value.replace(CONTROL, ' ')));
  };
  for (const line of lines) {
    if (line === '') continue;
    if (last && isSpaceCode(line.charCodeAt(0))) {
      last.value += ` ${line}`;
      continue;
    }
    flush();
    const colon = line.indexOf(':');
    const name = trim(line.slice(0, Math.max(0, colon)));
    if (!isToken(name)) return err(`invalid header line: ${line.slice(0, 60).replace(CONTROL, ' ')}`);
    last = { name, value: line.slice(colon + 1) };
  }
  flush();
  return ok({ start, headers, body });
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/g;

function startLine(line: string): AppMessage['start'] | undefined {
  const response = /^SIP\/2\.0 ([1-6]\d\d) ?(.*)$/.exec(line);
  if (response) {
    return {
      kind: 'response',
      status: Number(response[1]),
      reason: (response[2] ?? '').replace(CONTROL, ' '),
    };
  }
  const parts = line.split(' ');
  const [method = '', uri = '', version] = parts;
  if (parts.length !== 3 || !isToken(method) || uri === '' || version !== 'SIP/2.0') return undefined;
  return { kind: 'request', method: method.toUpperCase(), uri };
}
