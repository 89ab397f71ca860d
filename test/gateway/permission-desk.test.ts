import { expect, it } from 'vitest';
import { PermissionDesk } from '../../src/gateway/permission-desk.ts';
import type { CallPermission, MessageOutcome, PermissionOutcome } from '../../src/meta/index.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';

const permission = (more: Partial<CallPermission>): PermissionOutcome => ({
  ok: true,
  permission: { status: 'no-permission', canCall: false, canRequest: true, limits: [], ...more },
});
const GRANTED = permission({ status: 'has-permission', canCall: true });

function desk(answers: PermissionOutcome[], sent: MessageOutcome = { ok: true }) {
  const clock = new FakeClock(1_789_000_000_000);
  const asked: string[] = [];
  const made = new PermissionDesk({
    api: () => ({
      permission: (_page, psid) => {
        asked.push(`GET ${psid}`);
        return Promise.resolve(answers.length > 1 ? answers.shift()! : answers[0]!);
      },
      requestPermission: (_page, psid) => {
        asked.push(`optin ${psid}`);
        return Promise.resolve(sent);
      },
    }),
    now: () => clock.now(),
    log: silentLog,
  });
  return { desk: made, clock, asked };
}

it('a yes is kept for a minute, and not beyond its own end', async () => {
  const { desk: it, clock, asked } = desk([GRANTED]);
  expect(await it.check('p', '7', false)).toEqual({ allowed: true });
  clock.advance(59_999);
  await it.check('p', '7', false);
  expect(asked).toEqual(['GET 7']);
  clock.advance(1);
  await it.check('p', '7', false);
  expect(asked).toHaveLength(2);
  const short = desk([permission({ canCall: true, expiresAtMs: 1_789_000_001_000 })]);
  await short.desk.check('p', '7', false);
  short.clock.advance(1_000);
  await short.desk.check('p', '7', false);
  expect(short.asked).toHaveLength(2);
});

it('a no is not kept: the consumer may approve any moment', async () => {
  const { desk: it, asked } = desk([permission({}), GRANTED]);
  expect(await it.check('p', '7', false)).toEqual({
    allowed: false,
    refusal: { status: 403, phrase: 'No Permission To Call' },
  });
  expect(await it.check('p', '7', false)).toEqual({ allowed: true });
  expect(asked).toEqual(['GET 7', 'GET 7']);
});

it('asks the consumer once, whatever the phone tries, until there is an answer', async () => {
  const { desk: it, asked } = desk([permission({})]);
  expect((await it.check('p', '7', true)).refusal?.phrase).toBe('Permission Requested');
  expect((await it.check('p', '7', true)).refusal?.phrase).toBe('Permission Requested Before');
  it.answered('p', '7', 'reject');
  expect((await it.check('p', '7', true)).refusal?.phrase, 'a no stands').toBe('Permission Requested Before');
  it.answered('p', '7', 'approve');
  expect((await it.check('p', '7', true)).refusal?.phrase).toBe('Permission Requested');
  expect(asked.filter((what) => what.startsWith('optin'))).toHaveLength(2);
});

it('a request whose reply is lost is not sent again', async () => {
  const lost = {
    ok: false,
    failure: { kind: 'ambiguous', message: 'x', sipStatus: 503, metricReason: 'Unknown' },
  } as const;
  const { desk: it, asked } = desk([permission({})], lost);
  expect((await it.check('p', '7', true)).refusal?.phrase).toBe('No Permission To Call');
  await it.check('p', '7', true);
  expect(asked.filter((what) => what.startsWith('optin'))).toHaveLength(1);
});

it('does not ask when Meta does not let us, nor on an answer that says nothing', async () => {
  const full = desk([permission({ canRequest: false })]);
  expect((await full.desk.check('p', '7', true)).refusal?.phrase).toBe('Permission Request Limit Reached');
  const unknown = desk([permission({ status: 'unknown' })]);
  expect((await unknown.desk.check('p', '7', true)).refusal?.phrase).toBe('Permission Unknown');
  expect([...full.asked, ...unknown.asked].filter((what) => what.startsWith('optin'))).toEqual([]);
});

it('a failed check is told with its own status', async () => {
  const failure = {
    kind: 'throttled',
    message: 'x',
    sipStatus: 503,
    metricReason: 'Unknown',
    retryAfterS: 60,
  } as const;
  const { desk: it } = desk([{ ok: false, failure }]);
  expect(await it.check('p', '7', true)).toEqual({
    allowed: false,
    refusal: { status: 503, retryAfterS: 60 },
  });
});

it('a person may ask at any time, and then no rule asks on top of it', async () => {
  const { desk: it, asked } = desk([permission({})]);
  expect(await it.ask('p', '7')).toEqual({ ok: true });
  expect((await it.check('p', '7', true)).refusal?.phrase).toBe('Permission Requested Before');
  expect(await it.ask('p', '7')).toEqual({ ok: true });
  expect(asked).toEqual(['optin 7', 'GET 7', 'optin 7']);
});
