import { expect, it } from 'vitest';
import { crashRecord, endAtMeta, type ReplayedEntry, replay } from '../../src/call/index.ts';

const created = { kind: 'call-created', pageId: 'p', psid: '7', platform: 'messenger' } as const;
const inbound = { ...created, direction: 'user_initiated' };
const placed = { ...created, direction: 'business_initiated' };

/** Entries of one call, a second apart. */
const notes = (callId: string, ...list: readonly Record<string, unknown>[]): ReplayedEntry[] =>
  list.map((note, i) => ({ at: 1_000 * (i + 1), callId, note }));

const sent = (action: string) => ({ kind: 'graph-sent', action });
const answered = (action: string, outcome: string) => ({ kind: 'graph-answered', action, outcome });

it('tells which calls are open, and knows those that ended', () => {
  const { open, known } = replay([
    ...notes('a', inbound, { kind: 'invite-sent', attempt: 1, target: 'pbx/100' }),
    ...notes('b', inbound, { kind: 'call-ended', cause: 'busy' }),
    ...notes('out-1', placed, sent('connect'), { kind: 'named', metaCallId: 'm' }),
    ...notes('out-2', placed, sent('connect')),
  ]);
  expect(open.map(({ callId }) => callId)).toEqual(['a', 'out-1', 'out-2']);
  expect(open[0]).toMatchObject({ targets: ['pbx/100'], startedAtMs: 1_000, lastAtMs: 2_000 });
  expect([...known]).toEqual([
    ['a', 2_000],
    ['b', 2_000],
    ['m', 3_000],
  ]);
});

it('passes over what makes no sense', () => {
  const { open } = replay([
    ...notes('a', { kind: 'graph-sent', action: 'accept' }),
    ...notes('b', { kind: 'call-created', pageId: 5, direction: 'user_initiated' }),
    ...notes('c', { kind: 'call-created', pageId: 'p', direction: 'sideways' }),
    ...notes('d', inbound, { kind: 'of the future' }, { kind: 'graph-sent' }, {}),
  ]);
  expect(open.map(({ callId, graph }) => [callId, graph])).toEqual([['d', {}]]);
});

it.each([
  ['rings', [inbound], 'reject'],
  ['accept was sent', [inbound, sent('accept')], 'terminate'],
  ['accepted', [inbound, sent('accept'), answered('accept', 'done')], 'terminate'],
  ['pre-accepted', [inbound, sent('preAccept')], 'terminate'],
  ['a reject was on its way', [inbound, sent('reject')], 'reject'],
  ['rejected before', [inbound, sent('reject'), answered('reject', 'done')], 'none'],
  ['terminated before', [inbound, sent('accept'), answered('terminate', 'done')], 'none'],
  ['placed, named', [placed, sent('connect'), { kind: 'named', metaCallId: 'm' }], 'terminate'],
  ['placed, nameless', [placed, sent('connect')], 'none'],
] as const)('a call that %s', (_, list, action) => {
  const [call] = replay(notes('a', ...list)).open;
  expect(call && endAtMeta(call)).toBe(action);
});

it('makes a record of what is known', () => {
  const up = { kind: 'dialog-up', attempt: 1, target: 'pbx/100', dialog: {} };
  const invited = { kind: 'invite-sent', attempt: 1, target: 'pbx/100' };
  const [call] = replay(notes('a', inbound, invited, up, sent('accept'), answered('accept', 'done'))).open;
  expect(call && crashRecord(call, { action: 'terminate', outcome: 'done' }, 9_000)).toMatchObject({
    callId: 'a',
    pageId: 'p',
    psid: '7',
    cause: 'crash',
    endedBy: 'gateway',
    answered: true,
    target: 'pbx/100',
    attempts: [{ target: 'pbx/100' }],
    milestones: { webhook: 1_000, answered: 3_000, ended: 9_000 },
    meta: { accept: 'done', terminate: 'done', reject: 'none', connect: 'none' },
  });
});
