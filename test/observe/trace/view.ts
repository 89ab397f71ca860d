import type { TraceEntry, TraceView } from '../../../src/observe/index.ts';

/** A trace that begins at 1000 ms, with these entries. */
export function viewOf(
  entries: readonly (Pick<TraceEntry, 'what'> & Partial<TraceEntry>)[],
  head: Partial<TraceView> = {},
): TraceView {
  return {
    v: 1,
    callId: 'c_1',
    pageId: '1',
    platform: 'messenger',
    direction: 'user_initiated',
    startedAtMs: 1_000,
    ended: true,
    dropped: 0,
    ...head,
    entries: entries.map((entry, i) => ({
      seq: i + 1,
      atMs: 1_000 + i * 10,
      kind: 'sip',
      from: 'phone',
      to: 'gateway',
      ...entry,
    })),
  };
}

export const leg = {
  received: 250,
  sent: 250,
  lost: 0,
  dropped: 0,
  jitterMs: 1.5,
  report: { ssrc: 1, source: 2, packets: 500, octets: 80_000, lost: 0, highest: 900, jitter: 12 },
};

export const sipOf = (text: string): NonNullable<TraceEntry['sip']> => ({
  direction: 'in',
  protocol: 'udp',
  local: { address: '192.0.2.1', port: 5060 },
  remote: { address: '198.51.100.7', port: 5080 },
  text,
});
