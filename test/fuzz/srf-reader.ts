import { createRequire } from 'node:module';

interface SrfMessage {
  readonly type: string;
  has(name: string): boolean;
  getParsedHeader(name: string): unknown;
}
const load = createRequire(import.meta.url);
const SipMessage = load('drachtio-srf/lib/sip-parser/message.js') as new (text: string) => SrfMessage;

/** Headers that drachtio-srf itself parses while it makes requests, responses and dialogs of messages. */
const PARSED = ['from', 'to', 'cseq', 'via', 'contact'];

/**
 * Does with a delivered message what drachtio-srf does, inside its socket handler, where an exception ends the
 * application. @throws what drachtio-srf throws
 */
export function readAsSrf(bytes: Buffer): void {
  const message = new SipMessage(bytes.toString('utf8'));
  if (message.type === 'unknown') throw new Error('drachtio-srf sees neither request nor response');
  for (const name of PARSED) if (message.has(name)) message.getParsedHeader(name);
}
