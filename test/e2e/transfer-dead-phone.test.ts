import { expect, it } from 'vitest';
import { type Two, twoPhones } from './two-phones.ts';
import { gone, until } from './world.ts';

const { talking } = twoPhones();
const rtp = { mediaTimeoutMs: 2_000 };

/** The consumer waits for the next phone, longer than anybody may be silent: nobody minds that the phone is. */
const waitLong = async ({ call }: Two): Promise<void> => {
  const from = call.recording().pcm.length;
  await until(() => call.recording().pcm.length - from > 2 * 2 * 16_000);
  expect(call.state).toBe('connected');
};

it('a phone that takes the call over after a long ring and is dead does not keep the consumer in silence', async () => {
  const two = await talking({ rtp });
  const { world, call, first, second, invite, there } = two;
  first.refer(invite, there);
  await first.peer.response(202, 'REFER');
  const told = first.allNotified();
  const transferred = await second.peer.request('INVITE');
  await first.hangUp(invite);
  await waitLong(two);
  second.listen(transferred);
  await second.peer.request('ACK');
  await told;
  await second.byeComes();
  expect(await call.ended).toMatchObject({ by: 'business' });
  expect(await world.nextRecord()).toMatchObject({ cause: 'media-lost', transfers: [{ outcome: 'done' }] });
  await gone(world);
});

it('nor does one that died while its target rang, and has the call back', async () => {
  const two = await talking({ rtp });
  const { world, call, first, second, invite, there } = two;
  first.refer(invite, there);
  await first.peer.response(202, 'REFER');
  const told = first.allNotified();
  const transferred = await second.peer.request('INVITE');
  first.hush();
  await waitLong(two);
  second.peer.respond(transferred, 486, { reason: 'Busy Here' });
  await told;
  await first.byeComes();
  expect(await call.ended).toMatchObject({ by: 'business' });
  expect(await world.nextRecord()).toMatchObject({ cause: 'media-lost', transfers: [{ outcome: 'failed' }] });
  await gone(world);
});
