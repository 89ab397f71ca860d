import type { Headers } from './headers.ts';
import type { SipMessage } from './message.ts';

const NO_BODY = Buffer.alloc(0);

/** Header names that would hit a member of Object.prototype in an application that keeps headers in an object. */
const UNSAFE = new Set(['constructor', '__proto__']);

/** Start line, header fields (a character is a byte), Content-Length in bytes, body. */
export function serialize(startLine: string, headers: Headers, body: Buffer = NO_BODY): Buffer {
  let head = `${startLine}\r\n`;
  for (const { name, key, value } of headers) {
    if (key !== 'content-length' && !UNSAFE.has(key)) head += `${name}: ${value}\r\n`;
  }
  head += `Content-Length: ${body.length}\r\n\r\n`;
  // Memory of its own: what a transaction keeps for 32 s would hold on to the 8 KB of Node's pool that it was cut from.
  const bytes = Buffer.allocUnsafeSlow(head.length + body.length);
  bytes.write(head, 'latin1');
  body.copy(bytes, head.length);
  return bytes;
}

export const requestLine = (method: string, uri: string): string => `${method} ${uri} SIP/2.0`;
export const statusLine = (status: number, reason: string): string => `SIP/2.0 ${status} ${reason}`;

/** A parsed message written anew. */
export function serializeMessage(message: SipMessage): Buffer {
  const line =
    message.kind === 'request'
      ? requestLine(message.method, message.uri)
      : statusLine(message.status, message.reason);
  return serialize(line, message.headers, message.body);
}
