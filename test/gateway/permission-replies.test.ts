import { expect, it } from 'vitest';
import { PermissionReplies } from '../../src/gateway/permission-replies.ts';

const reply = (consumerId: string, response: 'approve' | 'reject', timestampMs?: number) => ({
  kind: 'call_permission_reply' as const,
  pageId: '10',
  consumerId,
  response,
  dedupeKey: `${consumerId} ${timestampMs}`,
  ...(timestampMs === undefined ? {} : { timestampMs }),
});

it('keeps the last answer by Meta’s clock, whatever order they come in', () => {
  const replies = new PermissionReplies();
  expect(replies.remember({ ...reply('1', 'reject', 2_000), expirationMs: 9 }, 5_000)).toBe(true);
  expect(replies.remember(reply('1', 'approve', 1_000), 6_000)).toBe(false);
  expect(replies.of('10', '1')).toEqual({ response: 'reject', atMs: 2_000, expiresAtMs: 9 });
  expect(replies.remember(reply('1', 'approve'), 7_000)).toBe(true);
  expect(replies.of('10', '1')).toEqual({ response: 'approve', atMs: 7_000 });
  expect(replies.of('11', '1')).toBeUndefined();
});

it('forgets who answered longest ago', () => {
  const replies = new PermissionReplies(2);
  for (const psid of ['1', '2', '1', '3']) replies.remember(reply(psid, 'approve'), 1_000);
  expect(['1', '2', '3'].map((psid) => replies.of('10', psid) !== undefined)).toEqual([true, false, true]);
});
