import { expect, test } from 'vitest';
import { Bench } from './support/bench.ts';

const AT = { callId: 'sub-1', to: '<sip:us@127.0.0.1>' };

/** A subscription that the application has accepted. */
function subscribed(headers: readonly string[] = []): { bench: Bench; dialogId: string; tag: string } {
  const bench = new Bench();
  bench.routes.add('SUBSCRIBE');
  bench.request('SUBSCRIBE', { ...AT, headers: ['Event: presence', 'Expires: 900'] });
  const transactionId = bench.frames.splice(0)[0]!.tokens[7]!;
  const sent = bench.frame({ transactionId }, ['SIP/2.0 202 Accepted', ...headers]);
  const dialogId = sent.tokens[10]!;
  expect(dialogId).toBe('sub-1;from-tag=peer');
  const answer = bench.one();
  expect(answer.headers.get('contact')).toBe('<sip:127.0.0.1:5060>');
  return { bench, dialogId, tag: answer.toTag! };
}

const notify = (bench: Bench, dialogId: string, state: string): void => {
  const reply = bench.frame({ dialogId }, [
    'NOTIFY sip:placeholder SIP/2.0',
    'Event: presence',
    `Subscription-State: ${state}`,
  ]);
  expect(reply.tokens[2]).toBe('OK');
};

test('NOTIFYs go out in the dialog of the SUBSCRIBE; the last one ends it', () => {
  const { bench, dialogId, tag } = subscribed();
  notify(bench, dialogId, 'active');
  const first = bench.one();
  expect(first).toMatchObject({ method: 'NOTIFY', uri: 'sip:peer@127.0.0.1:5080', callId: 'sub-1' });
  expect([first.fromTag, first.toTag]).toEqual([tag, 'peer']);
  bench.answer(first, 200);
  expect(bench.engine.dump().dialogs).toBe(1);
  notify(bench, dialogId, 'terminated;reason=noresource');
  bench.answer(bench.one(), 200);
  expect(bench.delivered()).toEqual(['200', '200']);
  expect(bench.engine.dump().dialogs).toBe(0);
  bench.clock.advance(60_000);
  expect(bench.idle).toBe(true);
});

test('a peer that knows no such subscription, or does not answer, ends it', () => {
  for (const status of [481, undefined]) {
    const { bench, dialogId } = subscribed();
    notify(bench, dialogId, 'active');
    if (status === undefined) bench.clock.advance(33_000);
    else bench.answer(bench.one(), status);
    expect(bench.engine.dump().dialogs).toBe(0);
  }
});

test('it lives until it expires, and a refresh prolongs it', () => {
  const { bench, tag } = subscribed(['Expires: 60']);
  const refresh = { ...AT, to: `${AT.to};tag=${tag}`, seq: 2, headers: ['Event: presence', 'Expires: 600'] };
  bench.clock.advance(50_000);
  bench.request('SUBSCRIBE', refresh);
  const frame = bench.frames.splice(0)[0]!;
  expect(frame.tokens[8]).toBe('sub-1;from-tag=peer');
  bench.frame({ transactionId: frame.tokens[7]! }, ['SIP/2.0 200 OK']);
  bench.clock.advance(600_000);
  expect(bench.engine.dump().dialogs).toBe(1);
  bench.clock.advance(33_000);
  expect(bench.idle).toBe(true);
});

test('an application that goes away takes its subscriptions along, without BYE', () => {
  const { bench } = subscribed();
  bench.alive = false;
  bench.engine.onGone(bench.client);
  expect(bench.sent()).toEqual([]);
  bench.clock.advance(60_000);
  expect(bench.idle).toBe(true);
});

test('a refused SUBSCRIBE makes no dialog', () => {
  const bench = new Bench();
  bench.routes.add('SUBSCRIBE');
  bench.request('SUBSCRIBE', { ...AT, headers: ['Event: presence'] });
  const transactionId = bench.frames.splice(0)[0]!.tokens[7]!;
  bench.frame({ transactionId }, ['SIP/2.0 489 Bad Event']);
  expect(bench.engine.dump().dialogs).toBe(0);
});
