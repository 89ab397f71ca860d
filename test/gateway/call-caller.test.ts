import { expect, it } from 'vitest';
import type { CallEvent } from '../../src/call/index.ts';
import { CallerSide } from '../../src/gateway/call-caller.ts';
import type { MediaSide } from '../../src/gateway/call-media.ts';
import { PhoneSession, sipLocal } from '../../src/gateway/phone-session.ts';
import { silentLog } from '../../src/shared/log.ts';
import type { IncomingInvite, SipDialog, SipDialogEvents } from '../../src/sip/index.ts';
import { reports, SDP, settled } from '../sip/support/leg.ts';
import { startLeg } from '../sip/support/server.ts';

const trunk = { codecs: ['PCMU'] as const, dtmf: 'auto' as const, ptimeMs: 20, srtp: 'off' as const };
const seat = { release: () => {} };

it('hangs up a phone whose 200 was on its way when the call was abandoned', async () => {
  const rung = Promise.withResolvers<IncomingInvite>();
  const { server } = await startLeg({ onIncomingInvite: rung.resolve });
  const { sip } = await startLeg();
  const { events, inbox } = reports();
  const port = server.contacts[0]?.port;
  sip.invite({ uri: `sip:700@127.0.0.1:${port}`, from: { user: 'desk' }, headers: {}, sdp: SDP }, events);
  const told: CallEvent[] = [];
  const media = { phone: { address: '127.0.0.1', port: 40_002 }, setPhonePlan: () => {} };
  const caller = new CallerSide({ invite: await rung.promise, trunk, seat }, media as unknown as MediaSide, {
    dispatch: (event) => void told.push(event),
    step: () => {},
    log: silentLog,
  });
  caller.answer(1);
  caller.abandon();
  const outcome = await settled(inbox);
  if (outcome.what !== 'answered') throw new Error(`${outcome.status} ${outcome.reason}`);
  await new Promise<void>((resolve) => {
    outcome.dialog.attach({
      onBye: () => resolve(),
      onLost: () => {},
      onReinvite: async () => ({ status: 488 }),
    });
  });
  expect(outcome.dialog.alive).toBe(false);
  expect(told).toEqual([]);
});

it.each([
  ['nothing', undefined],
  [
    'no audio that fits',
    'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n',
  ],
])(
  'a phone that offered nothing, and answers our offer with %s, is hung up and the call told',
  async (_, answer) => {
    const told = Promise.withResolvers<CallEvent>();
    const byes: unknown[] = [];
    let events: SipDialogEvents | undefined;
    const dialog = {
      callId: 'a',
      localTag: 'b',
      remoteTag: 'c',
      allows: () => false,
      attach: (given: SipDialogEvents) => {
        events = given;
      },
      bye: async (reason: unknown) => void byes.push(reason),
    };
    const session = new PhoneSession(
      1,
      sipLocal(trunk, '127.0.0.1', 40_002),
      'auto',
      { setPhonePlan: () => {} } as unknown as MediaSide,
      { dispatch: told.resolve, step: () => {}, log: silentLog },
    );
    session.expectAnswer();
    session.adopt(dialog as unknown as SipDialog);
    if (answer === undefined) events?.onNoAnswer?.();
    else events?.onReinviteAnswer?.(answer);
    expect(await told.promise).toMatchObject({ type: 'sip.failed', attempt: 1, status: 488 });
    expect(byes).toMatchObject([{ cause: 488 }]);
  },
);

it.each([['sendonly'], ['inactive'], ['sendrecv']])(
  'a phone that calls with %s: whether it holds is told with the answer',
  async (direction) => {
    const told: CallEvent[] = [];
    const answered = Promise.withResolvers<void>();
    const dialog = {
      callId: 'a',
      localTag: 'b',
      remoteTag: 'c',
      allows: () => false,
      attach: () => {},
      bye: async () => {},
    };
    const invite = {
      user: '7',
      sdp: `${SDP}a=${direction}\r\n`,
      allows: () => false,
      accept: async () => ({ ok: true, value: dialog }),
      reject: () => {},
    };
    const media = { phone: { address: '127.0.0.1', port: 40_002 }, setPhonePlan: () => {} };
    const caller = new CallerSide(
      { invite: invite as unknown as IncomingInvite, trunk, seat },
      media as unknown as MediaSide,
      { dispatch: (event) => void told.push(event), step: () => {}, log: silentLog },
    );
    caller.answer(1);
    setImmediate(answered.resolve);
    await answered.promise;
    const held = told.filter(({ type }) => type === 'sip.held');
    expect(told[0]).toMatchObject({ type: 'sip.answered' });
    expect(held).toHaveLength(direction === 'sendrecv' ? 0 : 1);
  },
);

it('tells the SIP server at once that somebody is at the call: Meta may never say that it rings', () => {
  const said: number[] = [];
  const invite = {
    user: '7',
    header: () => undefined,
    onCancel: () => {},
    progress: (status: number) => void said.push(status),
  };
  const caller = new CallerSide(
    { invite: invite as unknown as IncomingInvite, trunk, seat },
    {} as unknown as MediaSide,
    { dispatch: () => {}, step: () => {}, log: silentLog },
  );
  caller.watch();
  expect(said).toEqual([100]);
});
