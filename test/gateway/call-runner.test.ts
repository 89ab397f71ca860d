import { afterEach, expect, it } from 'vitest';
import { type CallRecord, DEFAULT_POLICY, MESSENGER } from '../../src/call/index.ts';
import type { MediaSide } from '../../src/gateway/call-media.ts';
import type { MetaSide } from '../../src/gateway/call-meta.ts';
import type { PhoneSide } from '../../src/gateway/call-phone.ts';
import { CallRunner, type SideContext } from '../../src/gateway/call-runner.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { type JournalWriter, noJournal } from '../../src/store/index.ts';

const clock = new FakeClock();
afterEach(() => expect(clock.armed).toBe(0));

/** A call whose sides do what the test says; everything else of them is silence. */
function run(
  behave: (context: SideContext, asked: string[]) => Partial<Record<string, (...args: never[]) => void>>,
  journal: JournalWriter = noJournal,
  direction: 'user_initiated' | 'business_initiated' = 'user_initiated',
): {
  readonly asked: string[];
  readonly records: CallRecord[];
  readonly ended: Promise<void>;
} {
  const asked: string[] = [];
  const records: CallRecord[] = [];
  const ended = Promise.withResolvers<void>();
  new CallRunner({
    setup: {
      facts: {
        callId: 'c_1',
        platform: MESSENGER,
        pageId: '1',
        psid: '2',
        direction,
        receivedAtMs: clock.now(),
      },
      targets: [{ name: 'trunk/100' }],
      policy: DEFAULT_POLICY,
      callerName: 'Amina',
    },
    clock,
    log: silentLog,
    journal,
    sides: (context) => {
      const behaviour = behave(context, asked);
      const side = (name: string): never =>
        new Proxy(
          { localSdp: 'v=0', stats: undefined, codec: undefined },
          {
            get: (target, key) => {
              if (key in target) return Reflect.get(target, key);
              return (...args: never[]) => {
                asked.push(`${name}.${String(key)}`);
                behaviour[`${name}.${String(key)}`]?.(...args);
              };
            },
          },
        ) as never;
      return {
        meta: side('meta') as MetaSide,
        phone: side('phone') as PhoneSide,
        media: side('media') as MediaSide,
      };
    },
    onRecord: async (record) => void records.push(record),
    onEnded: () => ended.resolve(),
  });
  return { asked, records, ended: ended.promise };
}

it('ends the call on every side when running an effect throws, with one record', async () => {
  const { asked, records, ended } = run((context) => ({
    'media.open': () => queueMicrotask(() => context.dispatch({ type: 'media.ready' })),
    'phone.invite': () => {
      throw new Error('a bug');
    },
    'media.close': () => queueMicrotask(() => context.dispatch({ type: 'media.closed' })),
    'meta.reject': () => queueMicrotask(() => context.dispatch({ type: 'graph.rejected' })),
  }));
  await expect.poll(() => asked).toContain('media.close');
  // The INVITE that threw never says its last word: the call waits for it, with a bound.
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    clock.advance(5_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(records).toHaveLength(1);
  expect(records[0]).toMatchObject({ cause: 'bug' });
});

it('lets go by hand when even that throws, and still writes the record', async () => {
  const { asked, records, ended } = run((context) => ({
    'media.open': () => queueMicrotask(() => context.dispatch({ type: 'media.ready' })),
    'phone.invite': () => {
      throw new Error('a bug');
    },
    'media.close': () => {
      throw new Error('another bug');
    },
    'meta.reject': () => {
      throw new Error('a third bug');
    },
  }));
  await ended;
  expect(asked).toEqual(expect.arrayContaining(['phone.abandon', 'media.close', 'meta.terminate']));
  expect(records).toHaveLength(1);
  expect(records[0]).toMatchObject({ cause: 'bug', callId: 'c_1' });
});

it('does not wait for ever for a disk that stalls', async () => {
  const stalled: JournalWriter = {
    append: () => new Promise(() => {}),
    close: () => Promise.resolve(),
    written: () => Promise.resolve(),
  };
  const { asked, records, ended } = run(
    (context) => ({
      'media.open': () => queueMicrotask(() => context.dispatch({ type: 'media.ready' })),
      'phone.invite': () => queueMicrotask(() => context.dispatch({ type: 'shutdown' })),
      'phone.cancel': () => queueMicrotask(() => context.dispatch({ type: 'sip.cancelled', attempt: 1 })),
      'media.close': () => queueMicrotask(() => context.dispatch({ type: 'media.closed' })),
      'meta.reject': () => queueMicrotask(() => context.dispatch({ type: 'graph.rejected' })),
    }),
    stalled,
  );
  let over = false;
  void ended.then(() => {
    over = true;
  });
  const began = clock.monotonic();
  while (!over) {
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(asked).toEqual(expect.arrayContaining(['phone.invite', 'phone.cancel', 'meta.reject']));
  expect(records).toMatchObject([{ cause: 'shutdown' }]);
  // One second for each note of the call.
  expect(clock.monotonic() - began).toBeLessThan(10_000);
});

it('begins an effect behind a journal note only when the note is written', async () => {
  const order: string[] = [];
  const written = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let dispatch: SideContext['dispatch'] = () => {};
  const runner = new CallRunner({
    setup: {
      facts: {
        callId: 'c_2',
        platform: MESSENGER,
        pageId: '1',
        psid: '2',
        direction: 'user_initiated',
        receivedAtMs: clock.now(),
      },
      targets: [{ name: 'trunk/100' }],
      policy: DEFAULT_POLICY,
      callerName: 'Amina',
    },
    clock,
    log: silentLog,
    journal: {
      append: async ({ note }) => {
        order.push(`journal ${String(note['kind'])} ${String(note['action'] ?? '')}`.trim());
        if (note['action'] === 'accept' && note['kind'] === 'graph-sent') await written.promise;
      },
      close: () => Promise.resolve(),
      written: () => Promise.resolve(),
    },
    sides: (context) => {
      dispatch = context.dispatch;
      const note = (name: string) => (): void => void order.push(name);
      return {
        meta: {
          lookUpProfile: note('profile'),
          accept: note('accept'),
          reject: note('reject'),
          close: () => {},
          terminate: note('terminate'),
        } as unknown as MetaSide,
        phone: {
          invite: note('invite'),
          connect: note('connect'),
          bye: note('bye'),
          cancel: note('cancel'),
          codec: undefined,
        } as unknown as PhoneSide,
        media: {
          open: note('open'),
          close: note('close'),
          answered: () => {},
          localSdp: 'v=0',
          stats: undefined,
          summary: () => ({}),
        } as unknown as MediaSide,
      };
    },
    onRecord: async () => {},
    onEnded: () => ended.resolve(),
  });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await settled();
  dispatch({ type: 'media.ready' });
  await settled();
  dispatch({ type: 'sip.answered', attempt: 1 });
  await settled();
  expect(order).toContain('journal graph-sent accept');
  expect(order).not.toContain('accept');
  written.resolve();
  await settled();
  expect(order.indexOf('accept')).toBeGreaterThan(order.indexOf('journal graph-sent accept'));
  dispatch({ type: 'meta.terminate', status: 'completed' });
  await settled();
  for (const event of [
    { type: 'graph.accepted' },
    { type: 'media.closed' },
    { type: 'sip.byeDone', attempt: 1 },
  ] as const)
    dispatch(event);
  clock.advance(60_000);
  await ended.promise;
  expect(runner.state.name).toBe('ended');
});

/** A journal whose disk takes its time over the note of that action, which `happens` meanwhile. */
const slowFor = (action: string, happens: () => void): JournalWriter => ({
  append: async ({ note }) => {
    if (note['kind'] !== 'graph-sent' || note['action'] !== action) return;
    happens();
  },
  close: () => Promise.resolve(),
  written: () => Promise.resolve(),
});

it('asks Graph to accept nothing for a phone that hung up while that was noted: the consumer is told so', async () => {
  let phone: SideContext['dispatch'] = () => {};
  const { asked, records, ended } = run(
    (context) => {
      phone = context.dispatch;
      return {
        'media.open': () => queueMicrotask(() => context.dispatch({ type: 'media.ready' })),
        'phone.invite': () => queueMicrotask(() => context.dispatch({ type: 'sip.answered', attempt: 1 })),
        'media.close': () => queueMicrotask(() => context.dispatch({ type: 'media.closed' })),
        'meta.reject': () =>
          queueMicrotask(() => {
            context.dispatch({ type: 'graph.rejected' });
            context.dispatch({ type: 'meta.terminate', status: 'completed' });
          }),
      };
    },
    slowFor('accept', () => phone({ type: 'sip.bye', attempt: 1 })),
  );
  await ended;
  expect(asked).not.toContain('meta.accept');
  expect(asked.filter((each) => each === 'meta.reject')).toHaveLength(1);
  expect(records).toMatchObject([{ cause: 'phone-hangup', answered: false, meta: { accept: 'failed' } }]);
});

it('calls nobody for a phone that gave up while that was noted', async () => {
  let phone: SideContext['dispatch'] = () => {};
  const { asked, records, ended } = run(
    (context) => {
      phone = context.dispatch;
      return {
        'media.open': () => queueMicrotask(() => context.dispatch({ type: 'media.ready' })),
        'meta.checkPermission': () =>
          queueMicrotask(() => context.dispatch({ type: 'graph.permission', allowed: true })),
        'media.close': () => queueMicrotask(() => context.dispatch({ type: 'media.closed' })),
      };
    },
    slowFor('connect', () => phone({ type: 'sip.cancelled', attempt: 1 })),
    'business_initiated',
  );
  await ended;
  expect(asked).toContain('meta.checkPermission');
  expect(asked).not.toContain('meta.connect');
  expect(records).toMatchObject([{ cause: 'phone-cancelled', answered: false }]);
});
