import { describe, expect, test } from 'vitest';
import type { Effect } from '../../src/call/index.ts';
import { MESSENGER, reduce, WHATSAPP } from '../../src/call/index.ts';
import { type Entry, World } from './world.ts';

const SEEDS = 6_000;

/** Returns what is wrong with the way this world's call went; empty when all is well. */
function faults(world: World): string[] {
  const found: string[] = [];
  const claim: Claim = (holds, what) => void (holds || found.push(what));
  const { effects, entries, state } = world;
  const count = (type: Effect['type']): number => effects.filter((effect) => effect.type === type).length;

  claim(state.name === 'ended', `stays in ${state.name}`);
  claim(world.armed.size === 0 && state.timers.length === 0, `timers left: ${[...world.armed.keys()]}`);
  claim(count('finish') === 1, `${count('finish')} records`);
  claim(count('graphAccept') <= 1, 'accepted twice');
  claim(count('graphReject') + count('graphTerminate') <= 1, 'rejected and terminated');
  claim(count('closeMedia') <= 1, 'media closed twice');
  claim(count('openAudio') <= 1, 'audio opened twice');

  for (const attempt of state.attempts) {
    const of = (type: 'cancelInvite' | 'sendBye'): number =>
      effects.filter((effect) => effect.type === type && effect.attempt === attempt.attempt).length;
    claim(of('cancelInvite') <= 1, 'CANCEL twice');
    claim(of('sendBye') <= 1, 'BYE twice');
    claim(attempt.status !== 'inviting' && attempt.status !== 'up', `attempt left ${attempt.status}`);
    const abandoned = entries.some(({ event }) => event.type === 'timer' && event.name === 'abandon');
    claim(attempt.status === 'down' || abandoned, `attempt left ${attempt.status} without being abandoned`);
  }

  const lastWords = effects.filter((effect) => effect.type === 'tellTransfer' && effect.status >= 200);
  const of = (...kinds: string[]): number =>
    state.transfers.filter(({ kind }) => kinds.includes(kind)).length;
  claim(lastWords.length === of('blind', 'attended'), 'a REFER without its one last NOTIFY');
  claim(
    count('acceptTransfer') === of('blind', 'attended', 'replaced'),
    'a transfer that nobody was told of',
  );
  claim(count('sendRefer') === of('referred'), 'a REFER too many');
  claim(count('recallPhone') === of('recall'), 'rung back too often');
  claim(count('transferChanged') === 2 * state.transfers.length, 'not begun and ended once');
  claim(!state.transfers.some(({ outcome }) => outcome === 'pending'), 'a transfer without an end');

  if (state.facts.direction === 'business_initiated') checkPlaced(world, claim);
  else checkTaken(world, claim);
  checkOrder(entries, claim);
  checkEnded(world, claim);
  return found;
}

type Claim = (holds: boolean, what: string) => void;

/** A call that the phone placed: its own one INVITE got one final response, and nothing is left ringing. */
function checkPlaced({ effects, state }: World, claim: Claim): void {
  const count = (type: Effect['type']): number => effects.filter((effect) => effect.type === type).length;
  const { connect, terminate } = state.graph;
  claim(count('graphConnect') <= 1, 'connected twice');
  claim(count('answerPhone') <= 1, 'answered twice');
  claim(count('refusePhone') <= 1, 'refused twice');
  claim(count('answerPhone') + count('refusePhone') <= 1, 'answered and refused');
  const transfers = state.transfers.filter(({ kind }) => kind === 'blind' || kind === 'attended').length;
  claim(
    count('invite') - transfers + count('graphAccept') + count('graphReject') === 0,
    'took a call that it placed',
  );
  claim(state.permission === 'granted' || connect === 'none', 'connected without permission');
  const placed = connect === 'done' || connect === 'ambiguous' || connect === 'sent';
  const ended = state.webhook !== undefined || terminate !== 'none';
  claim(!placed || ended || state.metaCallId === undefined, 'left ringing at Meta');
  claim(terminate === 'none' || state.metaCallId !== undefined, 'terminated without a name');
}

/** A call that a consumer placed: Meta's side is down, told by us, told to us, or never ours. */
function checkTaken({ effects, state }: World, claim: Claim): void {
  const { preAccept, accept, reject, terminate } = state.graph;
  const count = (type: Effect['type']): number => effects.filter((effect) => effect.type === type).length;
  claim(count('graphPreAccept') <= (state.facts.platform.preAccepts ? 1 : 0), 'pre-accepted wrongly');
  claim(count('applyAnswer') <= 1, 'ICE begun twice');
  const told = state.webhook !== undefined || reject !== 'none' || terminate !== 'none';
  const notOurs = state.acceptFailure?.kind === 'gone' || state.acceptFailure?.kind === 'not-owner';
  claim(told || notOurs, `Meta's side left up (accept ${accept})`);
  // After a pre_accept, which may have come through, Meta wants to hear of the end by terminate.
  const begun = preAccept === 'none' || preAccept === 'failed' ? accept : 'done';
  claim(terminate === 'none' || begun === 'done' || begun === 'ambiguous', 'terminate without accept');
  claim(reject === 'none' || accept === 'none' || accept === 'failed', 'reject after accept');
}

function checkOrder(entries: readonly Entry[], claim: Claim): void {
  let endedAt: number | undefined;
  let version = 0;
  for (const { at, event, effects, before, after } of entries) {
    if (before.name !== 'ending' && after.name === 'ending') endedAt = at;
    for (const effect of effects) {
      if (effect.type === 'graphReject' || effect.type === 'graphTerminate')
        claim(after.webhook === undefined, `${effect.type} after the terminate webhook`);
      if (effect.type === 'applyAnswer' || effect.type === 'applyRenegotiation') {
        const free = before.sdp.busy === undefined || event.type.startsWith('media.sdp');
        claim(free, 'two SDP operations at once');
        const next = after.sdp.busy?.version ?? 0;
        claim(next >= version, `version ${next} after ${version}`);
        version = next;
      }
      if (effect.type === 'openAudio') claim(after.name === 'talking', 'audio opened early');
      if (effect.type === 'announce') {
        const phones = after.attempts.filter(({ status }) => status === 'inviting' || status === 'up');
        claim(phones.length === 0 && after.answeredBy === undefined, 'announced to a phone');
        claim(after.graph.accept === 'done', 'announced before accept');
      }
      if (effect.type === 'openEarly') {
        claim(after.name === 'early' && after.graph.accept === 'done', 'early media opened without accept');
        const ringing = after.attempts.at(-1)?.attempt;
        claim(effect.ringback === (after.earlyBy !== ringing), 'the wrong phone is heard early');
      }
      if (effect.type === 'connectEarly')
        claim(
          after.attempts[effect.attempt - 1]?.status === 'inviting',
          'early media of a phone that rings no more',
        );
      if (effect.type === 'invite')
        claim(after.attempts.filter(({ status }) => status === 'inviting').length === 1, 'two phones ring');
      if (effect.type === 'finish')
        claim(endedAt === undefined || at - endedAt <= 30_000, `record ${at - (endedAt ?? 0)} ms late`);
    }
  }
}

/** Whatever still arrives after the end changes nothing. */
function checkEnded(world: World, claim: Claim): void {
  for (const { event } of world.entries) {
    const step = reduce(world.state, event, world.now);
    claim(step.effects.length === 0 && step.state === world.state, `${event.type} acts on an ended call`);
  }
}

describe.each([MESSENGER, WHATSAPP])('on $name', (platform) => {
  test(`a call ends cleanly on both sides whatever happens in whatever order (${SEEDS} worlds)`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      expect(faults(new World(seed, 'user_initiated', platform).run()), `seed ${seed}`).toEqual([]);
    }
  });

  test(`so does a call that the phone places (${SEEDS} worlds)`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      expect(faults(new World(seed, 'business_initiated', platform).run()), `seed ${seed}`).toEqual([]);
    }
  });
});

test('the outbound worlds reach every part of the table that matters', () => {
  const reached = new Set<string>();
  for (let seed = 1; seed <= 1_000; seed++) {
    const world = new World(seed, 'business_initiated').run();
    for (const { after } of world.entries) reached.add(after.name);
    for (const effect of world.effects) {
      reached.add(effect.type === 'finish' ? effect.record.cause : effect.type);
    }
  }
  const wanted = [
    ...['checking', 'dialing', 'alerting', 'connecting', 'talking', 'ending', 'ended'],
    ...['acceptTransfer', 'refuseTransfer', 'tellTransfer'],
    ...['ringPhone', 'answerPhone', 'refusePhone', 'sendBye', 'graphTerminate', 'applyRenegotiation'],
    ...['consumer-hangup', 'phone-hangup', 'phone-cancelled', 'no-permission', 'connect-failed', 'not-taken'],
    ...['no-answer', 'media-lost', 'media-setup-failed', 'no-answer-sdp', 'operator', 'shutdown'],
  ];
  expect(wanted.filter((key) => !reached.has(key))).toEqual([]);
});

test('the worlds reach every part of the table that matters', () => {
  const reached = new Map<string, number>();
  for (let seed = 1; seed <= 1_000; seed++) {
    const world = new World(seed).run();
    for (const { after } of world.entries) reached.set(after.name, (reached.get(after.name) ?? 0) + 1);
    for (const effect of world.effects) {
      const key = effect.type === 'finish' ? effect.record.cause : effect.type;
      reached.set(key, (reached.get(key) ?? 0) + 1);
    }
  }
  const wanted = [
    ...['preparing', 'inviting', 'ringing', 'early', 'accepting', 'connecting', 'talking', 'ending', 'ended'],
    ...['connectEarly', 'openEarly', 'announce', 'turned-away'],
    ...['acceptTransfer', 'tellTransfer', 'waitForPhone'],
    ...['cancelInvite', 'sendBye', 'graphReject', 'graphTerminate', 'applyRenegotiation', 'sendDtmf'],
    ...['consumer-hangup', 'phone-hangup', 'cancelled', 'accept-after-hangup', 'busy', 'declined'],
    ...['no-answer', 'no-route', 'answered-elsewhere', 'accept-failed', 'media-lost', 'media-failed'],
    ...['phone-lost', 'media-setup-failed', 'no-answer-sdp', 'operator', 'shutdown', 'bug'],
    ...['sendRefer', 'expectPhone', 'transfer-silent'],
  ];
  expect(wanted.filter((key) => !reached.has(key))).toEqual([]);
});

test('the WhatsApp worlds reach what only WhatsApp has', () => {
  const reached = new Set<string>();
  for (let seed = 1; seed <= 2_000; seed++) {
    for (const direction of ['user_initiated', 'business_initiated'] as const) {
      const world = new World(seed, direction, WHATSAPP).run();
      for (const { before, after, event } of world.entries) {
        if (before.name !== after.name) reached.add(`${before.name} > ${after.name}`);
        if (before !== after) reached.add(event.type);
        if (after.refusal?.status === 603 && after.end?.cause === 'not-taken') reached.add('603');
      }
      for (const effect of world.effects)
        reached.add(effect.type === 'finish' ? effect.record.cause : effect.type);
    }
  }
  const wanted = [
    ...['graphPreAccept', 'graph.preAccepted', 'graph.preAcceptFailed', 'meta.answer', '603'],
    // Media was up when the phone answered; or it was not.
    ...['accepting > talking', 'accepting > connecting', 'connecting > talking', 'dialing > connecting'],
    ...['answered-elsewhere', 'consumer-hangup', 'phone-hangup', 'not-taken', 'no-answer-sdp'],
  ];
  expect(wanted.filter((key) => !reached.has(key))).toEqual([]);
});
