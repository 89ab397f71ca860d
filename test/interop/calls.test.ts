import { describe, expect, it } from 'vitest';
import { hasPeers } from '../support/peer.ts';
import { office, type PhoneKind } from './support/office.ts';
import type { Pbx } from './support/pbx.ts';
import type { Phone, SipTransport } from './support/phone.ts';
import { heardHz } from './support/recording.ts';

const { pbx: startPbx, phone } = office();
const ALICE_HZ = 500;
const BOB_HZ = 700;

const pairs = [
  { caller: 'baresip', callee: 'linphone' },
  { caller: 'linphone', callee: 'baresip' },
] as const;

async function two(
  caller: PhoneKind,
  callee: PhoneKind,
  transports: { readonly alice?: SipTransport; readonly bob?: SipTransport } = {},
): Promise<{ pbx: Pbx; alice: Phone; bob: Phone }> {
  const pbx = await startPbx();
  const { alice = 'udp', bob = 'udp' } = transports;
  const [one, other] = await Promise.all([
    phone(caller, pbx, { user: 'alice', toneHz: ALICE_HZ, transport: alice }),
    phone(callee, pbx, { user: 'bob', toneHz: BOB_HZ, transport: bob }),
  ]);
  return { pbx, alice: one, bob: other };
}

async function connected(of: { pbx: Pbx; alice: Phone; bob: Phone }): Promise<void> {
  of.alice.dial(of.pbx.uri('bob'));
  await of.bob.ringing();
  of.bob.answer();
  await Promise.all([of.alice.established(), of.bob.established(), of.pbx.call()]);
}

describe.runIf(hasPeers('baresip', 'linphonec')).each(pairs)(
  '$caller calls $callee',
  ({ caller, callee }) => {
    it.each([
      { alice: 'udp', bob: 'udp', first: 'caller' },
      { alice: 'tcp', bob: 'udp', first: 'callee' },
      { alice: 'udp', bob: 'tcp', first: 'caller' },
      { alice: 'tls', bob: 'udp', first: 'callee' },
      { alice: 'tcp', bob: 'tls', first: 'caller' },
    ] as const)(
      '$alice to $bob: each hears the other; the $first hangs up',
      async ({ first, ...transports }) => {
        const { pbx, alice, bob } = await two(caller, callee, transports);
        await connected({ pbx, alice, bob });
        await Promise.all([alice.hears(), bob.hears()]);
        (first === 'caller' ? alice : bob).hangup();
        await Promise.all([alice.ended(), bob.ended(), pbx.idle()]);
        expect(await pbx.call()).toEqual({ from: 'alice', to: 'bob', status: 200 });
        expect(Math.abs(heardHz(alice.heard()) / BOB_HZ - 1)).toBeLessThan(0.02);
        expect(Math.abs(heardHz(bob.heard()) / ALICE_HZ - 1)).toBeLessThan(0.02);
        expect(pbx.server.stats()).toMatchObject({ malformed: 0, strayResponses: 0, transportErrors: 0 });
      },
    );

    it('holds, and takes the call back; so does the other', async () => {
      const { pbx, alice, bob } = await two(caller, callee);
      await connected({ pbx, alice, bob });
      let passed = 0;
      for (const holder of [alice, bob]) {
        await holder.hold();
        const hold = await pbx.passed('INVITE', ++passed);
        expect(hold).toMatchObject({ status: 200, body: expect.stringMatching(/a=(sendonly|inactive)/) });
        await holder.resume();
        const resume = await pbx.passed('INVITE', ++passed);
        expect(resume.status).toBe(200);
        expect(resume.body).not.toMatch(/a=(sendonly|inactive)/);
      }
      bob.hangup();
      await Promise.all([alice.ended(), bob.ended(), pbx.idle()]);
    });

    it('cancels while it rings', async () => {
      const { pbx, alice, bob } = await two(caller, callee);
      alice.dial(pbx.uri('bob'));
      await bob.ringing();
      alice.hangup();
      await Promise.all([alice.ended(), bob.ended()]);
      expect(await pbx.call()).toMatchObject({ to: 'bob', status: 487 });
      expect(pbx.server.stats().requestsIn).toMatchObject({ CANCEL: 1 });
      expect(pbx.server.stats().requestsOut).toMatchObject({ CANCEL: 1 });
    });

    it('is declined', async () => {
      const { pbx, alice, bob } = await two(caller, callee);
      alice.dial(pbx.uri('bob'));
      await bob.ringing();
      bob.hangup();
      await Promise.all([alice.ended(), bob.ended()]);
      expect([486, 603]).toContain((await pbx.call()).status);
    });

    it('finds the line busy', async () => {
      const pbx = await startPbx();
      const bob = await phone(callee, pbx, { user: 'bob', toneHz: BOB_HZ, maxCalls: 1 });
      bob.dial(pbx.uri('echo'));
      await bob.established();
      const alice = await phone(caller, pbx, { user: 'alice', toneHz: ALICE_HZ });
      alice.dial(pbx.uri('bob'));
      expect(await pbx.call(2)).toMatchObject({ from: 'alice', status: 486 });
      await alice.ended();
      await bob.hears();
      bob.hangup();
      await Promise.all([bob.ended(), pbx.idle()]);
      expect(Math.abs(heardHz(bob.heard()) / BOB_HZ - 1)).toBeLessThan(0.02);
    });

    it('finds nobody, registered or known', async () => {
      const pbx = await startPbx();
      const alice = await phone(caller, pbx, { user: 'alice', toneHz: ALICE_HZ });
      alice.dial(pbx.uri('bob'));
      expect(await pbx.call(1)).toMatchObject({ to: 'bob', status: 480 });
      await alice.ended();
      alice.dial(pbx.uri('nobody'));
      expect(await pbx.call(2)).toMatchObject({ to: 'nobody', status: 404 });
      await alice.ended(2);
    });
  },
);
