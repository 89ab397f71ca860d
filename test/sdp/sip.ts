import type { SipLocal } from '../../src/sdp/index.ts';

export const LOCAL: SipLocal = {
  sessionId: '4711',
  version: 1,
  address: '192.0.2.1',
  port: 30_000,
  codecs: ['opus', 'G722', 'PCMU', 'PCMA'],
  telephoneEvent: true,
  ptimeMs: 20,
  direction: 'sendrecv',
};

/** A phone's description; `lines` follow the m-line. */
export function phone(mLine: string, lines: readonly string[] = [], session: readonly string[] = []): string {
  return [
    'v=0',
    'o=phone 1 1 IN IP4 192.0.2.50',
    's=-',
    'c=IN IP4 192.0.2.50',
    't=0 0',
    ...session,
    mLine,
    ...lines,
    '',
  ].join('\r\n');
}
