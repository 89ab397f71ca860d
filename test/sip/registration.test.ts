import { describe, expect, it } from 'vitest';
import { NOT_GRANTED, REGISTER_TIMEOUT, type RegisterFailure } from '../../src/sip/register-failure.ts';
import {
  newRegistration,
  type RegistrationEffect,
  type RegistrationEvent,
  reduceRegistration,
} from '../../src/sip/registration.ts';

const BUSY: RegisterFailure = {
  code: 'SIP_REGISTER_UNAVAILABLE',
  kind: 'response',
  status: 503,
  text: '503 Busy',
  isPassing: true,
};
const WRONG: RegisterFailure = { ...BUSY, code: 'SIP_REGISTER_CREDENTIALS', status: 401, isPassing: false };
const interval = (minExpiresS: number): RegisterFailure => ({
  ...WRONG,
  code: 'SIP_REGISTER_INTERVAL',
  status: 423,
  minExpiresS,
});

/** A registration whose random numbers are all `random`. */
function registration(servers = 1, random = 0.5) {
  let state = newRegistration(servers, 300);
  const run = (event: RegistrationEvent): readonly RegistrationEffect[] => {
    const step = reduceRegistration(state, event);
    state = step.state;
    return step.effects;
  };
  return {
    run,
    accepted: (atMs: number, grantedS: number) => run({ type: 'accepted', atMs, grantedS, random }),
    refused: (atMs: number, failure: RegisterFailure) => run({ type: 'refused', atMs, failure, random }),
    due: (atMs: number) => run({ type: 'due', atMs }),
    get phase() {
      return state.phase;
    },
  };
}
const send = (server: number, expiresS = 300) => ({ type: 'send', server, expiresS });
const waits = (effects: readonly RegistrationEffect[]): number | undefined =>
  effects.find((effect) => effect.type === 'arm')?.afterMs;

describe('a registration', () => {
  it('registers when it can, and again at 80 % of what was granted', () => {
    const it = registration();
    expect(it.run({ type: 'connected' })).toEqual([send(0)]);
    expect(it.phase).toBe('registering');
    expect(it.accepted(1_000, 100)).toEqual([
      { type: 'up', server: 0, grantedS: 100 },
      { type: 'arm', afterMs: 80_000 },
    ]);
    expect(it.phase).toBe('registered');
    expect(it.due(81_000)).toEqual([send(0)]);
    expect(it.phase, 'a refresh is no change').toBe('registered');
  });

  it.each([
    [0, 75_000],
    [0.999_999, 85_000],
  ])('at random %d after %d ms', (random, ms) => {
    const it = registration(1, random);
    it.run({ type: 'connected' });
    expect(waits(it.accepted(0, 100))).toBeCloseTo(ms, 0);
  });

  it('asks for what a 423 wants, once, and goes on asking for that', () => {
    const it = registration();
    it.run({ type: 'connected' });
    expect(it.refused(0, interval(600))).toEqual([send(0, 600)]);
    it.accepted(0, 600);
    expect(it.due(480_000)).toEqual([send(0, 600)]);
    it.refused(480_000, interval(900));
    expect(
      it.refused(480_000, interval(1_200)).map(({ type }) => type),
      'twice is a quarrel',
    ).toEqual(['failed', 'down', 'arm']);
  });

  it.each([300, 86_401])('a 423 with Min-Expires %d is a refusal', (seconds) => {
    const it = registration();
    it.run({ type: 'connected' });
    expect(it.refused(0, interval(seconds))[0]).toMatchObject({ type: 'failed' });
  });

  it('goes to the next server when one is silent or busy, and after a pause to the first again', () => {
    const it = registration(3);
    it.run({ type: 'connected' });
    expect(it.refused(0, REGISTER_TIMEOUT)).toEqual([send(1)]);
    expect(it.refused(0, BUSY)).toEqual([send(2)]);
    const effects = it.refused(0, REGISTER_TIMEOUT);
    expect(effects).toEqual([
      { type: 'failed', failure: REGISTER_TIMEOUT, retryMs: 3_000 },
      { type: 'down', why: 'no answer in time' },
      { type: 'arm', afterMs: 3_000 },
    ]);
    expect(it.phase).toBe('failed');
    expect(it.due(3_000)).toEqual([send(0)]);
  });

  it('comes back from the second server to the first, while there is time to return', () => {
    const it = registration(2);
    it.run({ type: 'connected' });
    it.refused(0, REGISTER_TIMEOUT);
    expect(it.accepted(0, 100)).toEqual([
      { type: 'up', server: 1, grantedS: 100 },
      { type: 'arm', afterMs: 50_000 },
    ]);
    expect(it.due(50_000)).toEqual([send(0)]);
    expect(it.refused(60_000, REGISTER_TIMEOUT)).toEqual([send(1)]);
    it.accepted(60_000, 100);
    it.due(110_000);
    expect(it.accepted(110_000, 100)[0]).toEqual({ type: 'up', server: 0, grantedS: 100 });
  });

  it('stays at the second server when the first is back and refuses', () => {
    const it = registration(2);
    it.run({ type: 'connected' });
    it.refused(0, REGISTER_TIMEOUT);
    it.accepted(0, 100);
    expect(it.due(50_000)).toEqual([send(0)]);
    expect(it.refused(50_100, WRONG)).toEqual([send(1)]);
    expect(it.phase).toBe('registered');
    expect(it.accepted(50_200, 100)[0]).toEqual({ type: 'up', server: 1, grantedS: 100 });
  });

  it('a refusal is not taken to the next server, and not repeated soon: passwords do not get better', () => {
    const it = registration(2);
    it.run({ type: 'connected' });
    expect(waits(it.refused(0, WRONG))).toBe(45_000);
    it.due(45_000);
    expect(waits(it.refused(45_000, WRONG))).toBe(90_000);
  });

  it('pauses double up to five minutes, with refusals half an hour, and are short again after a success', () => {
    for (const [failure, most] of [
      [REGISTER_TIMEOUT, 300_000],
      [WRONG, 1_800_000],
    ] as const) {
      const it = registration(1, 0.999_999_999);
      it.run({ type: 'connected' });
      let at = 0;
      let last = 0;
      for (let round = 0; round < 40; round += 1) {
        last = waits(it.refused(at, failure)) ?? 0;
        at += last;
        it.due(at);
      }
      expect(last).toBeCloseTo(most, 0);
      it.accepted(at, 100);
      it.due(at + 85_000);
      expect(waits(it.refused(at, REGISTER_TIMEOUT))).toBeCloseTo(4_000, 0);
    }
  });

  it('waits as long as Retry-After says, but no more than an hour', () => {
    const it = registration(1, 0);
    it.run({ type: 'connected' });
    expect(waits(it.refused(0, { ...BUSY, retryAfterS: 120 }))).toBe(120_000);
    it.due(120_000);
    expect(waits(it.refused(120_000, { ...BUSY, retryAfterS: 1e9 }))).toBe(3_600_000);
  });

  it('a busy registrar keeps what it granted; when that lapses the trunk is down, and the pause is kept', () => {
    const it = registration();
    it.run({ type: 'connected' });
    it.accepted(0, 100);
    it.due(80_000);
    const busy = it.refused(80_000, { ...BUSY, retryAfterS: 60 });
    expect(busy.map(({ type }) => type)).toEqual(['failed', 'arm']);
    expect(waits(busy)).toBe(20_000);
    expect(it.phase).toBe('registered');
    expect(it.due(100_000)).toEqual([
      { type: 'down', why: 'the registration lapsed' },
      { type: 'arm', afterMs: 41_500 },
    ]);
    expect(it.due(141_500)).toEqual([send(0)]);
  });

  it('a registrar that is silent at the refresh takes the trunk down', () => {
    const it = registration();
    it.run({ type: 'connected' });
    it.accepted(0, 100);
    it.due(80_000);
    expect(it.refused(90_000, REGISTER_TIMEOUT).map(({ type }) => type)).toEqual(['failed', 'down', 'arm']);
  });

  it('an expiry of 0 in the 200 is a refusal', () => {
    const it = registration();
    it.run({ type: 'connected' });
    expect(it.refused(0, NOT_GRANTED)[1]).toEqual({ type: 'down', why: '200 with an expiry of 0' });
  });

  it('is down without control connection, and registers again at once when that is back', () => {
    const it = registration();
    it.run({ type: 'connected' });
    it.accepted(0, 100);
    expect(it.run({ type: 'lost' }).map(({ type }) => type)).toEqual(['disarm', 'abort', 'down']);
    expect(it.due(200_000), 'a late timer').toEqual([]);
    expect(it.accepted(200_000, 100), 'a late answer').toEqual([]);
    expect(it.run({ type: 'connected' })).toEqual([send(0)]);
    expect(it.accepted(0, 100)[0]).toMatchObject({ type: 'up' });
  });

  it('takes its binding away at the end, whatever was under way, and is over with the answer', () => {
    const it = registration(2);
    it.run({ type: 'connected' });
    it.refused(0, BUSY);
    it.accepted(0, 100);
    it.due(50_000);
    expect(it.run({ type: 'stop', atMs: 50_000 })).toEqual([
      { type: 'disarm' },
      { type: 'abort' },
      // The one that is being asked may have granted it; the other one has.
      { type: 'unregister', servers: [0, 1] },
    ]);
    expect(it.due(60_000)).toEqual([]);
    expect(it.run({ type: 'unregistered' })).toEqual([{ type: 'stopped' }]);
  });

  it('does not ask servers whose binding has lapsed', () => {
    const it = registration(2);
    it.run({ type: 'connected' });
    it.refused(0, BUSY);
    it.accepted(0, 60);
    it.due(50_000);
    it.accepted(50_000, 100);
    expect(it.run({ type: 'stop', atMs: 70_000 }).at(-1)).toEqual({ type: 'unregister', servers: [0] });
  });

  it('comes again as often as a NAT wants it', () => {
    const often = newRegistration(1, 300, 25);
    const { state } = reduceRegistration(often, { type: 'connected' });
    const granted = { type: 'accepted', atMs: 0, grantedS: 300, random: 0.5 } as const;
    expect(waits(reduceRegistration(state, granted).effects)).toBe(25_000);
  });

  it.each(['unregistered', 'lost'] as const)('is over too when that is %s', (how) => {
    const it = registration();
    it.run({ type: 'connected' });
    it.accepted(0, 100);
    it.run({ type: 'stop', atMs: 1_000 });
    expect(it.run({ type: how })).toEqual([{ type: 'stopped' }]);
  });

  it('without a binding it is over at once', () => {
    expect(registration().run({ type: 'stop', atMs: 0 }).at(-1)).toEqual({ type: 'stopped' });
  });
});
