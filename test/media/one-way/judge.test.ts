import { describe, expect, it } from 'vitest';
import type { CallLook } from '../../../src/media/index.ts';
import { JudgedCall, type Second } from './call.ts';

type Both = Parameters<JudgedCall['run']>[1];

/** What the leg does when it only listens: it sends nothing, and reports what it hears. */
const MUTE: Second = { sent: 50 };
const REFUSED = (reason: string): Second => ({ dropped: { [reason]: 50 }, sent: 50, blocks: 1 });

const talking = (): JudgedCall => new JudgedCall().answered().run(5);

describe('audio that should come and does not is named within 3 s', () => {
  it.each<[string, Both, string, object]>([
    ['the phone sends nothing', { phone: MUTE }, 'phone from no-packets', { received: 0 }],
    ['the consumer sends nothing at all', { consumer: MUTE }, 'consumer from never-heard', {}],
    ['another key of the phone', { phone: REFUSED('auth') }, 'phone from srtp-auth', {}],
    ['another key of the consumer', { consumer: REFUSED('auth') }, 'consumer from srtp-auth', {}],
    ['old numbers', { phone: REFUSED('replay') }, 'phone from srtp-replay', {}],
    [
      'another payload type of the phone',
      { phone: REFUSED('payloadType') },
      'phone from payload-type',
      { payloadType: 99, agreed: '0 101' },
    ],
    [
      'of the consumer',
      { consumer: REFUSED('payloadType') },
      'consumer from payload-type',
      { agreed: '111' },
    ],
    ['unreadable Opus', { consumer: REFUSED('undecodable') }, 'consumer from undecodable', {}],
    ['no RTP', { phone: REFUSED('malformed') }, 'phone from malformed', {}],
  ])('%s', (_name, does, told, evidence) => {
    const call = new JudgedCall().answered().run(3, does);
    expect(call.told).toEqual([told]);
    expect(call.changes[0]?.verdict.evidence).toMatchObject(evidence);
    expect(call.standing).toEqual([told]);
    // It is told once, however long it lasts, and its end is told.
    call.run(20, does).run(1);
    expect(call.told).toEqual([told, `over ${told}`]);
    expect(call.standing).toEqual([]);
  });

  it.each<[string, Both, string]>([
    ['stops', { phone: MUTE }, 'phone from stopped'],
    ['changes its key', { phone: REFUSED('auth') }, 'phone from srtp-auth'],
    ['speaks from elsewhere', { phone: REFUSED('source') }, 'phone from wrong-source'],
    ['changes its codec', { phone: REFUSED('payloadType') }, 'phone from payload-type'],
  ])('also later, when the phone %s', (_name, does, told) => {
    const call = talking();
    expect(call.told).toEqual([]);
    call.refusedFamily = 6;
    expect(call.run(3, does).told).toEqual([told]);
    if (told.endsWith('source'))
      expect(call.changes[0]?.verdict.evidence).toMatchObject({
        family: 'IPv6',
        packets: expect.any(Number),
      });
    expect(call.run(1).told).toEqual([told, `over ${told}`]);
  });

  it.each([
    ['ice-checking', 'consumer from ice'],
    ['ice-connected', 'consumer from dtls'],
  ] as const)('the transport stays %s', (state, told) => {
    const call = new JudgedCall().become(state).answered();
    call.open = false;
    call.run(3, { consumer: {}, phone: { used: 50 } });
    expect(call.told).toEqual([told]);
    expect(call.changes[0]?.verdict.evidence).toMatchObject({ state });
    call.become('secure').open = true;
    expect(call.run(1).told).toEqual([told, `over ${told}`]);
  });

  it('ICE that gets on and DTLS that does not: one after the other', () => {
    const call = new JudgedCall().become('ice-checking').answered();
    call.open = false;
    call.run(3, { consumer: {} }).become('ice-connected').run(3, { consumer: {} });
    expect(call.told).toEqual(['consumer from ice', 'over consumer from ice', 'consumer from dtls']);
  });

  it('Meta leaves the consent checks unanswered', () => {
    const call = talking().become('disconnected').run(1, { consumer: {} });
    expect(call.told).toEqual(['consumer from ice-lost']);
  });
});

describe('what we send', () => {
  it('is refused by the system', () => {
    const call = talking().run(3, { phone: { used: 50, sent: 50, unsent: 50 } });
    expect(call.told).toEqual(['phone to send-errors']);
    expect(call.run(1).told.at(-1)).toBe('over phone to send-errors');
  });

  it('has no way: the phone named an address where nobody may point us', () => {
    const call = talking().run(3, { phone: { used: 50, sent: 0, astray: 50 } });
    expect(call.told).toEqual(['phone to forbidden-address']);
    expect(call.run(1).told.at(-1)).toBe('over phone to forbidden-address');
  });

  it.each(['phone', 'consumer'] as const)('is all lost, by the report of the %s', (leg) => {
    const deaf = { used: 50, sent: 50, blocks: 0.4, fractionLost: 255 / 256, receives: false };
    const call = talking().run(10, { [leg]: deaf });
    expect(call.told).toEqual([`${leg} to not-received`]);
    expect(call.run(3).told.at(-1)).toBe(`over ${leg} to not-received`);
  });

  it('stays at one number, though the report says that nothing was lost', () => {
    const call = talking().run(10, { phone: { used: 50, sent: 50, blocks: 0.4, receives: false } });
    expect(call.told).toEqual(['phone to not-received']);
  });

  it('is no longer in the reports', () => {
    const call = talking().run(12, { phone: { used: 50, sent: 50, bareReports: 0.4 } });
    expect(call.told).toEqual(['phone to not-received']);
  });

  it('never was in them: a hint', () => {
    const call = new JudgedCall().answered().run(12, { phone: { used: 50, sent: 50, bareReports: 0.4 } });
    expect(call.told).toEqual(['phone to unreported']);
    expect(call.changes[0]?.verdict.hint).toBe(true);
  });

  it('is half lost: bad, and not one-way', () => {
    const bad = { used: 50, sent: 50, blocks: 0.4, fractionLost: 0.5 };
    expect(talking().run(20, { phone: bad }).told).toEqual([]);
  });

  it('is in no report, since the far side sends none', () => {
    expect(new JudgedCall().answered().run(60, { phone: { used: 50, sent: 50 } }).told).toEqual([]);
  });
});

describe('silence that is sent is a hint', () => {
  const SILENT: Second = { used: 50, sent: 50, blocks: 1, levelDb: -90 };

  it.each(['phone', 'consumer'] as const)('of a %s that was never heard', (leg) => {
    const call = new JudgedCall().answered().run(10, { [leg]: SILENT });
    expect(call.told).toEqual([`${leg} from silence`]);
    expect(call.changes[0]?.verdict.hint).toBe(true);
    expect(call.run(1).told).toHaveLength(2);
  });

  it('not of one who listened for a while behind a noise gate', () => {
    expect(talking().run(20, { phone: SILENT }).told).toEqual([]);
    expect(talking().run(35, { phone: SILENT }).told).toEqual(['phone from silence']);
  });

  it('not while the other side is silent too', () => {
    expect(new JudgedCall().answered().run(60, { phone: SILENT, consumer: SILENT }).told).toEqual([]);
  });

  it('not of a quiet room', () => {
    expect(new JudgedCall().answered().run(60, { phone: { ...SILENT, levelDb: -62 } }).told).toEqual([]);
  });

  it('not where nothing is decoded', () => {
    const passing = { used: 50, sent: 50, levelDb: undefined };
    expect(new JudgedCall().answered().run(60, { phone: passing }).told).toEqual([]);
  });
});

describe('no fault', () => {
  const holds = (direction: CallLook['phoneDirection']) => (call: JudgedCall) => {
    call.phoneDirection = direction;
    call.agreement += 1;
  };

  it.each<[string, (call: JudgedCall) => void, Both]>([
    ['a consumer who mutes: no RTP, no RTCP', () => {}, { consumer: { sent: 50 } }],
    ['who mutes and films', () => {}, { consumer: { sent: 50, dropped: { payloadType: 200 } } }],
    ['DTX: two packets and a half a second', () => {}, { consumer: { used: 2.5, sent: 50 } }],
    ['comfort noise and nothing else', (call) => (call.pausing = true), { phone: { sent: 50 } }],
    ['hold, inactive', holds('inactive'), { phone: {} }],
    ['hold, sendonly of the phone, without music', holds('recvonly'), { phone: { dropped: { held: 5 } } }],
    ['hold by us, for a transfer', (call) => call.judge.wait(true), { phone: {} }],
    ['keys', () => {}, { phone: { dropped: { event: 50 }, sent: 50 } }],
    ['RTCP BYE, then nothing', () => {}, { phone: { bye: true, sent: 50 } }],
    ['late packets', () => {}, { phone: { dropped: { late: 50 }, sent: 50 } }],
    [
      'a few strangers beside the phone',
      () => {},
      { phone: { used: 50, dropped: { source: 10 }, sent: 50 } },
    ],
  ])('%s', (_name, change, does) => {
    const call = talking();
    change(call);
    expect(call.run(60, does).told).toEqual([]);
  });

  it('ringing and early media: nobody picked up', () => {
    const call = new JudgedCall().become('ice-checking');
    expect(call.run(60, { consumer: {}, phone: {} }).told).toEqual([]);
  });

  it('an answer that Meta has yet to be told of', () => {
    const call = new JudgedCall().become('new').answered();
    call.open = false;
    expect(call.run(20, { consumer: {}, phone: { used: 50 } }).told).toEqual([]);
  });

  it('an announcement in place of a phone', () => {
    const call = new JudgedCall().answered();
    call.phoneDirection = undefined;
    expect(call.run(20, { phone: {} }).told).toEqual([]);
  });

  it('the phone that takes a call over has its own time, and is judged then', () => {
    const call = talking();
    call.judge.wait(true);
    call.run(10, { phone: {} });
    call.judge.wait(false);
    call.agreement += 1;
    call.run(1.5, { phone: { sent: 50 } });
    expect(call.told).toEqual([]);
    expect(call.run(1.5, { phone: { sent: 50 } }).told).toEqual(['phone from no-packets']);
  });

  it('hold while the phone is called broken ends that', () => {
    const call = talking().run(3, { phone: { sent: 50 } });
    holds('inactive')(call);
    expect(call.run(5, { phone: {} }).told).toEqual(['phone from stopped', 'over phone from stopped']);
  });

  it('a gap of a second and a half', () => {
    const call = talking();
    for (let i = 0; i < 10; i++) call.run(1.5, { phone: { sent: 50 } }).run(1);
    expect(call.told).toEqual([]);
  });

  it('a phone that pauses without a word: once it looks broken, later it is known', () => {
    const call = talking()
      .run(3, { phone: { sent: 50 } })
      .run(1);
    expect(call.told).toHaveLength(2);
    for (let i = 0; i < 5; i++) call.run(8, { phone: { sent: 50 } }).run(1);
    expect(call.told).toHaveLength(2);
    expect(call.run(14, { phone: { sent: 50 } }).told.at(-1)).toBe('phone from stopped');
  });

  it('but one that comes back with loss was broken, and is again', () => {
    const call = talking()
      .run(3, { phone: { sent: 50 } })
      .run(1, { phone: { used: 50, lost: 150, sent: 50 } });
    expect(call.run(3, { phone: { sent: 50 } }).told.at(-1)).toBe('phone from stopped');
  });

  it('a refresh that agrees on the same leaves everything as it was', () => {
    const call = talking();
    for (let i = 0; i < 5; i++) call.run(2);
    expect(call.told).toEqual([]);
  });
});

describe('a thread that had no turn', () => {
  it('calls nothing missing that waits to be read', () => {
    const call = talking().sleep(10_000).run(1).sleep(3_000).sleep(3_000).run(5);
    expect(call.told).toEqual([]);
  });

  it('gives ICE the time that it would have had', () => {
    const call = new JudgedCall().become('ice-checking').answered().sleep(10_000).become('ice-connected');
    expect(call.sleep(1_000).become('secure').run(5).told).toEqual([]);
  });

  it('names what is missing all the same, by the looks that it took', () => {
    const call = talking().sleep(10_000);
    expect(call.run(3, { phone: MUTE }).told).toEqual(['phone from stopped']);
  });
});
