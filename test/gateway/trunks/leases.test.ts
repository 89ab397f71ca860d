import { describe, expect, it } from 'vitest';
import type { CallEvent } from '../../../src/call/index.ts';
import type { MediaSide } from '../../../src/gateway/call-media.ts';
import { PhoneSide } from '../../../src/gateway/call-phone.ts';
import { TrunkBoard } from '../../../src/gateway/trunks/board.ts';
import { CallSeats } from '../../../src/gateway/trunks/call-seats.ts';
import type { InviteOutcome } from '../../../src/gateway/trunks/watch.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import { silentLog } from '../../../src/shared/log.ts';
import { Inbox } from '../../sip/support/events.ts';
import { SDP } from '../../sip/support/leg.ts';
import { Peer } from '../../sip/support/peer.ts';
import { startCuttableLeg } from '../../sip/support/server.ts';

const TRUNK = { codecs: ['PCMU'], dtmf: 'auto', ptimeMs: 20, srtp: 'off' } as const;
const REASON = { protocol: 'Q.850', cause: 16, text: 'bye' } as const;

/** One phone of a trunk with room for one call, and a call that may ring it. */
async function rig(...more: string[]) {
  const { sip, line } = await startCuttableLeg({ requestTimeoutMs: 1_000 });
  const peer = await Peer.start();
  // Stands still: however long a test takes, all of it is within one second.
  const board = new TrunkBoard({
    trunks: { pbx: { maxCalls: 1 }, spare: { callsPerSecond: 1 } },
    clock: new FakeClock(),
  });
  const seats = new CallSeats(board);
  const events = new Inbox<CallEvent>();
  const outcomes: InviteOutcome[] = [];
  const media = { phone: { address: '127.0.0.1', port: 40_002 }, setPhonePlan: () => {} };
  const phone = new PhoneSide(
    {
      sip,
      caller: { callId: 'c', pageId: '1', psid: '2' },
      targets: ['pbx/a', 'pbx/b', ...more].map((name) => {
        const [trunk = '', user = ''] = name.split('/');
        return { name, trunk, user, uri: peer.uri };
      }),
      trunks: { pbx: TRUNK, spare: TRUNK },
      seats,
      wayTo: () => ({}),
      isUp: (trunk) => board.isUp(trunk),
      redirect: {
        allowed: () => ({ ok: true, trunk: 'spare', user: 'r' }),
        targetAt: () => ({ name: 'spare/r', trunk: 'spare', user: 'r', uri: peer.uri }),
      },
      onOutcome: (_, outcome) => outcomes.push(outcome),
    },
    media as unknown as MediaSide,
    { dispatch: events.push, step: () => {}, log: silentLog },
  );
  const ring = (attempt = 1, user = 'a', trunk = 'pbx'): void =>
    phone.invite(attempt, { name: `${trunk}/${user}` }, undefined);
  const taken = (): number | undefined => board.dump()[0]?.calls.out;
  /** No more and no less than one call has room again. */
  const isFree = (): boolean => {
    const [one, other] = [board.take('pbx'), board.take('pbx')];
    if (one.ok) one.release();
    return one.ok && !other.ok;
  };
  const heard = async (type: CallEvent['type']): Promise<CallEvent> => {
    for (;;) {
      const event = await events.next();
      if (event.type === type) return event;
    }
  };
  const talk = async () => {
    ring();
    const invite = await peer.request('INVITE');
    peer.respond(invite, 200, { body: SDP });
    await heard('sip.answered');
    await peer.request('ACK');
    return invite;
  };
  return { board, seats, phone, peer, line, events, outcomes, ring, talk, taken, isFree, heard };
}

describe('the room of a call at its trunk is given back once', () => {
  it('when the phone refuses', async () => {
    const { ring, peer, heard, taken, isFree, phone } = await rig();
    ring();
    expect(taken()).toBe(1);
    peer.respond(await peer.request('INVITE'), 486);
    await heard('sip.failed');
    expect(isFree()).toBe(true);
    phone.abandon();
    expect(isFree(), 'also after it is abandoned').toBe(true);
  });

  it('when the phone hangs up, and we do at the same time', async () => {
    const { talk, peer, heard, isFree, taken, phone } = await rig();
    const invite = await talk();
    expect(taken()).toBe(1);
    phone.bye(1, REASON);
    peer.requestIn(invite, 'BYE');
    await Promise.all([peer.request('BYE').then((bye) => peer.respond(bye, 200)), peer.response(200, 'BYE')]);
    await Promise.race([heard('sip.byeDone'), heard('sip.bye')]);
    expect(isFree()).toBe(true);
  });

  it('when a 200 crosses our CANCEL', async () => {
    const { ring, peer, heard, isFree, phone } = await rig();
    ring();
    const invite = await peer.request('INVITE');
    peer.respond(invite, 180);
    await heard('sip.progress');
    phone.cancel(1, REASON);
    peer.respond(invite, 200, { body: SDP });
    peer.respond(await peer.request('BYE'), 200);
    await heard('sip.cancelled');
    expect(isFree()).toBe(true);
  });

  it('when the answer is of no use', async () => {
    const { ring, peer, heard, isFree } = await rig();
    ring();
    peer.respond(await peer.request('INVITE'), 200, { body: SDP.replace('RTP/AVP 0', 'RTP/AVP 8') });
    expect(await heard('sip.failed')).toMatchObject({ status: 488 });
    expect(isFree()).toBe(true);
  });

  it.each([
    ['rings', false],
    ['talks', true],
  ])('when the SIP server goes while the phone %s', async (_, answered) => {
    const { ring, talk, peer, line, heard, isFree, outcomes } = await rig();
    if (answered) await talk();
    else {
      ring();
      await peer.request('INVITE');
    }
    line.cut();
    expect(await heard('sip.failed')).toMatchObject({ kind: 'control-lost' });
    expect(isFree()).toBe(true);
    expect(
      outcomes.filter(({ kind }) => kind !== 'response'),
      'which is not the fault of the trunk',
    ).toEqual([]);
  });

  it('when a bug ends the call before the phone said its last word', async () => {
    const { ring, peer, isFree, phone } = await rig();
    ring();
    const invite = await peer.request('INVITE');
    phone.abandon();
    expect(isFree()).toBe(true);
    peer.respond(invite, 200, { body: SDP });
    peer.respond(await peer.request('BYE'), 200);
    expect(isFree(), 'also after a 200 that crossed').toBe(true);
  });

  it('when the call is forgotten while an attempt hangs', async () => {
    const { ring, isFree, seats } = await rig();
    ring();
    seats.close();
    expect(isFree()).toBe(true);
    ring(2, 'b');
    expect(isFree(), 'and takes no more').toBe(true);
  });
});

it('the next phone of the trunk is rung while the CANCEL of the one before is on its way; it is one call', async () => {
  const { ring, peer, heard, taken, isFree, phone } = await rig();
  ring(1, 'a');
  const first = await peer.request('INVITE');
  peer.respond(first, 180);
  await heard('sip.progress');
  phone.cancel(1, REASON);
  ring(2, 'b');
  const second = await peer.request('INVITE');
  expect(taken()).toBe(1);
  peer.respond(await peer.request('CANCEL'), 200);
  peer.respond(first, 487);
  await heard('sip.cancelled');
  expect(taken(), 'the second one still rings').toBe(1);
  peer.respond(second, 486);
  await heard('sip.failed');
  expect(isFree()).toBe(true);
});

it('without room nothing is sent, and the call is told why', async () => {
  const { board, ring, peer, heard, taken } = await rig();
  const other = board.take('pbx');
  ring();
  expect(await heard('sip.failed')).toMatchObject({ attempt: 1, kind: 'not-sent', reason: 'TRUNK_FULL' });
  expect(taken()).toBe(1);
  if (other.ok) other.release();
  ring(2, 'b');
  peer.respond(await peer.request('INVITE'), 486);
  await heard('sip.failed');
  expect(peer.received.filter(({ method }) => method === 'INVITE')).toHaveLength(1);
});

it('a phone that is given up before it said anything casts doubt on its trunk, one that rang does not', async () => {
  const { ring, peer, heard, phone, outcomes } = await rig();
  ring(1, 'a');
  const silent = await peer.request('INVITE');
  phone.cancel(1, REASON);
  await heard('sip.cancelled');
  expect(outcomes).toEqual([{ kind: 'doubt' }]);
  peer.respond(silent, 487);
  ring(2, 'b');
  const rung = await peer.request('INVITE');
  peer.respond(rung, 180);
  await heard('sip.progress');
  phone.cancel(2, REASON);
  peer.respond(await peer.request('CANCEL'), 200);
  peer.respond(rung, 487);
  await heard('sip.cancelled');
  expect(outcomes.slice(1)).toEqual([{ kind: 'response', status: 180 }]);
});

it('a trunk that went down meanwhile is passed by while another one is left, and no longer', async () => {
  const { board, ring, peer, heard, taken } = await rig('spare/c', 'pbx/d');
  board.set('pbx', 'qualify', false, 'test');
  ring(1, 'b');
  expect(await heard('sip.failed')).toMatchObject({ attempt: 1, kind: 'not-sent', reason: 'TRUNK_DOWN' });
  expect(taken()).toBe(0);
  ring(2, 'd');
  peer.respond(await peer.request('INVITE'), 486);
  expect(await heard('sip.failed'), 'the last one').toMatchObject({ attempt: 2, status: 486 });
  board.set('spare', 'qualify', false, 'test');
  ring(3, 'b');
  peer.respond(await peer.request('INVITE'), 486);
  expect(await heard('sip.failed'), 'no better one').toMatchObject({ attempt: 3, status: 486 });
});

it('beyond the calls of this second nothing is sent either', async () => {
  const { ring, peer, heard } = await rig('spare/c', 'spare/d');
  ring(1, 'c', 'spare');
  peer.respond(await peer.request('INVITE'), 480);
  await heard('sip.failed');
  ring(2, 'd', 'spare');
  expect(await heard('sip.failed')).toMatchObject({ attempt: 2, kind: 'not-sent', reason: 'TRUNK_RATE' });
  expect(peer.received.filter(({ method }) => method === 'INVITE')).toHaveLength(1);
});

it('a 3xx moves the room with the call, also to a trunk that is down', async () => {
  const { board, ring, peer, heard, isFree } = await rig();
  board.set('spare', 'qualify', false, 'test');
  ring(1, 'a');
  peer.respond(await peer.request('INVITE'), 302, { headers: { Contact: '<sip:r@192.0.2.9>' } });
  const second = await peer.request('INVITE');
  expect(board.dump()).toMatchObject([
    { trunk: 'pbx', calls: { out: 0 } },
    { trunk: 'spare', calls: { out: 1 } },
  ]);
  peer.respond(second, 486);
  expect(await heard('sip.failed')).toMatchObject({ attempt: 1, status: 486 });
  expect(board.dump()).toMatchObject([{ calls: { out: 0 } }, { calls: { out: 0 } }]);
  expect(isFree()).toBe(true);
});
