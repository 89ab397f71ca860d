import { expect, it } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { ConsentWatch } from '../../src/webrtc/consent-watch.ts';
import type { IceCredentials } from '../../src/webrtc/ice-agent.ts';

const OLD = { ufrag: 'ufrag/57', pwd: 'same' };
const NEW = { ufrag: 'ufrag//57', pwd: 'same' };

/** A peer that answers the checks of the names it knows; the agent sends one every 5 s. */
function world(known: readonly string[]) {
  const clock = new FakeClock();
  const events: string[] = [];
  const state = {
    known: [...known],
    sent: 0,
    answered: 2,
    remote: OLD as IceCredentials,
    names: [] as string[],
  };
  const check = (): void => {
    state.sent += 1;
    state.names.push(state.remote.ufrag);
    if (state.known.includes(state.remote.ufrag)) clock.after(50, () => state.answered++);
    clock.after(5_000, check);
  };
  clock.after(5_000, check);
  const watch = new ConsentWatch({
    agent: {
      get consent() {
        return { sent: state.sent, answered: state.answered };
      },
      get remote() {
        return state.remote;
      },
      useRemote: (next) => {
        state.remote = next;
      },
    },
    clock,
    log: silentLog,
    onLost: () => events.push(`lost ${clock.monotonic()}`),
    onBack: () => events.push('back'),
    onFailed: () => events.push('failed'),
  });
  return { clock, events, state, watch };
}

it('says nothing while checks are answered', () => {
  const { clock, events } = world([OLD.ufrag]);
  clock.advance(600_000);
  expect(events).toEqual([]);
});

it('is lost after 12 s without a reply, back with the next one', () => {
  const { clock, events, state } = world([]);
  clock.advance(14_000);
  expect(events).toEqual(['lost 13000']);
  state.known = [OLD.ufrag];
  clock.advance(3_000);
  expect(events).toEqual(['lost 13000', 'back']);
  clock.advance(60_000);
  expect(events).toHaveLength(2);
});

it('fails 8 s after the loss when nothing at all comes', () => {
  const { clock, events } = world([]);
  clock.advance(20_000);
  expect(events).toEqual(['lost 13000']);
  clock.advance(1_000);
  expect(events).toEqual(['lost 13000', 'failed']);
});

it('leaves a call alone whose packets still come in; the 30 s of RFC 7675 decide', () => {
  const { clock, events, watch } = world([]);
  for (let i = 0; i < 290; i++) {
    watch.heard();
    clock.advance(100);
  }
  expect(events).toEqual(['lost 13000']);
  clock.advance(2_000);
  expect(events).toEqual(['lost 13000', 'failed']);
});

it.each([
  ['means', [NEW.ufrag], NEW.ufrag],
  ['does not mean', [OLD.ufrag], OLD.ufrag],
])('keeps the call when Meta %s its new ufrag', (_, known, settled) => {
  const { clock, events, state, watch } = world(known);
  clock.advance(2_500);
  watch.change(NEW);
  expect(state.remote).toEqual(NEW);
  state.names.length = 0;
  clock.advance(60_000);
  expect(events).toEqual([]);
  expect(new Set(state.names.slice(1))).toEqual(new Set([settled]));
});

it('changes nothing for the same credentials, and stops its timer', () => {
  const { clock, state, watch } = world([OLD.ufrag]);
  watch.change({ ...OLD });
  expect(state.remote).toBe(OLD);
  const armed = clock.armed;
  watch.close();
  expect(clock.armed).toBe(armed - 1);
});
