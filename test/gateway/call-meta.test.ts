import { expect, it } from 'vitest';
import type { CallEvent } from '../../src/call/index.ts';
import { MetaSide } from '../../src/gateway/call-meta.ts';
import type { AcceptOutcome, CallsApi } from '../../src/meta/index.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { ProfileCache } from '../../src/store/index.ts';

it.each([
  ['is over by then: it is not accepted', false, []],
  ['goes on: it is accepted after it', true, ['accept']],
] as const)('a call that pre_accept keeps waiting, and that %s', async (_, isWanted, expected) => {
  const preAccepted = Promise.withResolvers<AcceptOutcome>();
  const asked: string[] = [];
  const graph = {
    preAccept: () => preAccepted.promise,
    accept: async () => {
      asked.push('accept');
      return { ok: true };
    },
  } as unknown as CallsApi;
  const told: CallEvent[] = [];
  const facts = { callId: 'wacid.1', pageId: '1', psid: '2' };
  const meta = new MetaSide(facts, graph, new ProfileCache(), new FakeClock(), {
    dispatch: (event) => void told.push(event),
    step: () => {},
    log: silentLog,
  });
  meta.preAccept('v=0');
  meta.accept('v=0', () => isWanted);
  preAccepted.resolve({ ok: true } as AcceptOutcome);
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toEqual(expected);
  expect(told).toMatchObject([
    { type: 'graph.preAccepted' },
    isWanted ? { type: 'graph.accepted' } : { type: 'graph.acceptFailed', kind: 'refused' },
  ]);
});
