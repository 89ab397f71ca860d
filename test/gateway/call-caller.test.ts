import { expect, it } from 'vitest';
import type { CallEvent } from '../../src/call/index.ts';
import { CallerSide } from '../../src/gateway/call-caller.ts';
import type { MediaSide } from '../../src/gateway/call-media.ts';
import { silentLog } from '../../src/shared/log.ts';
import type { IncomingInvite } from '../../src/sip/index.ts';
import { reports, SDP, settled } from '../sip/support/leg.ts';
import { startLeg } from '../sip/support/server.ts';

const trunk = { codecs: ['PCMU'] as const, telephoneEvent: true, ptimeMs: 20 };

it('hangs up a phone whose 200 was on its way when the call was abandoned', async () => {
  const rung = Promise.withResolvers<IncomingInvite>();
  const { server } = await startLeg({ onIncomingInvite: rung.resolve });
  const { sip } = await startLeg();
  const { events, inbox } = reports();
  const port = server.contacts[0]?.port;
  sip.invite({ uri: `sip:700@127.0.0.1:${port}`, from: { user: 'desk' }, headers: {}, sdp: SDP }, events);
  const told: CallEvent[] = [];
  const media = { phone: { address: '127.0.0.1', port: 40_002 }, setPhonePlan: () => {} };
  const caller = new CallerSide({ invite: await rung.promise, trunk }, media as unknown as MediaSide, {
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
