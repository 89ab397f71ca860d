import { expect, it } from 'vitest';
import { readOffer } from '../../src/sim/meta-sdp.ts';
import { accept, ask, offer, start } from './world.ts';

const drop = { drop: true };

it('ends cleanly when the consumer hangs up while accept is under way: nothing is armed, 2018396', async () => {
  const { simulator, clock } = await start();
  const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: drop });
  const read = readOffer('offer', offer);
  if ('refusal' in read) throw new Error(read.refusal);
  const accepting = call.accept(read);
  await call.hangup();
  expect(await accepting).toBeUndefined();
  expect(call.state).toBe('ended');
  expect(clock.armed).toBe(0);
  expect((await ask(simulator, accept(call.id))).body.error?.code).toBe(2018396);
});

it('has failed when its relay cannot be opened, and says so to the gateway (2018395)', async () => {
  // TEST-NET-1 (RFC 5737) is no address of any machine.
  const { simulator, clock } = await start({ relayAddress: '192.0.2.1' });
  const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: drop });
  expect((await ask(simulator, accept(call.id))).body.error?.code).toBe(2018395);
  expect(await call.ended).toMatchObject({
    status: 'Failed',
    by: 'meta',
    reason: expect.stringMatching(/EADDRNOTAVAIL/),
  });
  expect(clock.armed).toBe(0);
});

it('was accepted only when the business accepted', async () => {
  const { simulator } = await start();
  const left = simulator.consumer({ psid: '7' }).call({ toneHz: 440 });
  await left.hangup();
  const other = simulator.consumer({ psid: '8' }).call({ toneHz: 440 });
  await ask(simulator, accept(other.id));
  await other.accepted;
  const first = await Promise.race([
    left.accepted.then(() => 'accepted'),
    left.ended.then(({ reason }) => reason),
  ]);
  expect(first).toBe('consumer hung up');
});

it('has no keypad before it is connected, nor after its end', async () => {
  const { simulator } = await start();
  const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440 });
  await expect(call.sendDtmf('1')).rejects.toMatchObject({ code: 'SIM_NOT_CONNECTED' });
  await ask(simulator, accept(call.id));
  await expect(call.sendDtmf('1')).rejects.toMatchObject({ code: 'SIM_NOT_CONNECTED' });
  await call.hangup();
  await expect(call.sendDtmf('1')).rejects.toMatchObject({ code: 'SIM_NOT_CONNECTED' });
});

it('belongs to the app that accepted it', async () => {
  const { simulator, clock } = await start();
  const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: drop });
  call.answeredElsewhere();
  expect(await ask(simulator, accept(call.id))).toMatchObject({
    status: 403,
    body: { error: { message: expect.stringMatching(/not the owner/) } },
  });
  clock.advance(60_000);
  expect(call.state).toBe('elsewhere');
  await call.hangup();
  expect(call.state).toBe('ended');
});

it('is forgotten a hundred calls after its end, so that a simulator may run for days', async () => {
  const { simulator } = await start();
  const { call: dial } = simulator.consumer({ psid: '7' });
  const talking = dial({ toneHz: 440, delivery: drop });
  const first = dial({ toneHz: 440, delivery: drop });
  await first.hangup();
  for (let i = 0; i < 150; i++) await dial({ toneHz: 440, delivery: drop }).hangup();
  expect(simulator.call(first.id)).toBeUndefined();
  expect(simulator.call(talking.id)).toBe(talking);
  expect(simulator.calls.length).toBe(100);
});
