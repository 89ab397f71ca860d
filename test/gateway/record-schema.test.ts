import { expect, it } from 'vitest';
import { crashRecord, MESSENGER, MILESTONES, missedRecord } from '../../src/call/index.ts';
import { withMedia } from '../../src/gateway/call-record.ts';
import { recordReference } from '../../src/gateway/record-docs.ts';
import { recordFaults } from '../support/record-check.ts';

const facts = {
  callId: 'c1',
  platform: MESSENGER,
  pageId: '1',
  psid: '2',
  direction: 'user_initiated',
  receivedAtMs: 1_789_000_000_000,
} as const;

it('records of calls that never rang, and of a crash, are as the page says', () => {
  const missed = missedRecord(facts, 'over-limit', 1_789_000_001_000);
  expect(recordFaults(missed)).toEqual([]);
  const crashed = crashRecord(
    {
      callId: 'c1',
      metaCallId: 'c1',
      pageId: '1',
      psid: '2',
      platform: 'whatsapp',
      direction: 'user_initiated',
      startedAtMs: 1_789_000_000_000,
      lastAtMs: 1_789_000_001_000,
      answeredAtMs: 1_789_000_000_500,
      targets: ['pbx/600'],
      answeredBy: 'pbx/600',
      graph: { preAccept: 'done', accept: 'done' },
    },
    { action: 'terminate', outcome: 'done' },
    1_789_000_002_000,
  );
  const recordings = [{ file: 'a.opus', complete: true, durationMs: 5_000, recovered: true } as const];
  const record = withMedia(crashed, undefined, undefined, {
    recordings,
    oneWay: [
      {
        ...({ leg: 'phone', direction: 'from', cause: 'wrong-source' } as const),
        evidence: { packets: 90, family: 'IPv4' },
        atMs: 1_789_000_001_000,
      },
    ],
  });
  expect(recordFaults(record)).toEqual([]);
  expect(record.trunk).toBe('pbx');
});

it('what is not documented, missing or of another kind is found', () => {
  const missed = missedRecord(facts, 'over-limit', 1_789_000_001_000);
  expect(recordFaults({ ...missed, colour: 'red' })).toEqual([expect.stringContaining('"colour"')]);
  expect(recordFaults({ ...missed, milestones: { webhook: 'yes' } })).toHaveLength(1);
  expect(recordFaults({ ...missed, cause: 'boredom' })).toHaveLength(1);
  const { endedBy: _gone, ...rest } = missed;
  expect(recordFaults(rest)).toEqual([expect.stringContaining('endedBy')]);
});

it('the page has every milestone, and a meaning for every key', () => {
  const page = recordReference();
  for (const name of MILESTONES) expect(page).toContain(`| \`milestones.${name}\` |`);
  for (const key of [
    'cause',
    'endedBy',
    'trunk',
    'routing.rule',
    'transfers[].outcome',
    'media.consumer.mos',
    'dtmfDigits',
  ])
    expect(page).toContain(`| \`${key}\` |`);
  expect(page).not.toMatch(/\| *\|$/m);
});
