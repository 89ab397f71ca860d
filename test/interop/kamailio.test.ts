import { describe, expect, it } from 'vitest';
import { hasPeers } from '../support/peer.ts';
import { Baresip } from './support/baresip.ts';
import { Kamailio, type KamailioOptions, type SeenRequest } from './support/kamailio.ts';
import type { Linphone } from './support/linphone.ts';
import { office } from './support/office.ts';
import type { Pbx } from './support/pbx.ts';
import type { Phone } from './support/phone.ts';
import { heardHz } from './support/recording.ts';
import { scenario, sipp } from './support/sipp.ts';

const { pbx: startPbx, phone, closes } = office();
const ALICE_HZ = 500;
const BOB_HZ = 700;

async function proxy(pbx: Pbx, options: Partial<KamailioOptions> = {}): Promise<Kamailio> {
  const { transport = 'udp' } = options;
  const kamailio = await Kamailio.start({ upstream: pbx.address(transport), transport, ...options });
  closes(kamailio);
  return kamailio;
}

/** A request inside a call that came to the proxy by its route. */
const inside =
  (method: string) =>
  (seen: SeenRequest): boolean =>
    seen.method === method && seen.inDialog && seen.routed;

const transports = [
  { phones: 'udp', server: 'udp', last: 'caller' },
  { phones: 'tcp', server: 'udp', last: 'callee' },
  { phones: 'udp', server: 'tcp', last: 'caller' },
  { phones: 'tcp', server: 'tcp', last: 'callee' },
] as const;

describe.runIf(hasPeers('kamailio', 'baresip', 'linphonec', 'sipp'))('kamailio on the way', () => {
  async function two(
    kamailio: Kamailio,
    pbx: Pbx,
    transport: 'udp' | 'tcp',
  ): Promise<{ alice: Phone; bob: Linphone }> {
    const shared = { transport, proxy: kamailio.address };
    const [alice, bob] = await Promise.all([
      phone('baresip', pbx, { user: 'alice', toneHz: ALICE_HZ, ...shared }),
      phone('linphone', pbx, { user: 'bob', toneHz: BOB_HZ, ...shared }),
    ]);
    return { alice, bob: bob as Linphone };
  }

  const connect = async (kamailio: Kamailio, alice: Phone, bob: Phone): Promise<void> => {
    alice.dial(`sip:bob@${kamailio.address}`);
    await bob.ringing();
    bob.answer();
    await Promise.all([alice.established(), bob.established()]);
  };

  it.each(transports)(
    '$phones to the phones, $server to the server: sound, hold, INFO; BYE of the $last',
    async (by) => {
      const pbx = await startPbx();
      const kamailio = await proxy(pbx, { transport: by.server });
      const { alice, bob } = await two(kamailio, pbx, by.phones);
      await connect(kamailio, alice, bob);
      await Promise.all([alice.hears(), bob.hears()]);
      await alice.hold();
      await alice.resume();
      await bob.hold();
      await bob.resume();
      bob.press('5');
      expect(await pbx.passed('INFO')).toMatchObject({
        status: 200,
        body: expect.stringMatching(/Signal=5/),
      });
      (by.last === 'caller' ? alice : bob).hangup();
      await Promise.all([alice.ended(), bob.ended(), pbx.idle()]);
      expect(Math.abs(heardHz(alice.heard()) / BOB_HZ - 1)).toBeLessThan(0.02);
      expect(Math.abs(heardHz(bob.heard()) / ALICE_HZ - 1)).toBeLessThan(0.02);
      // One INVITE each way for every hold and resume, and all of them by the recorded route.
      await kamailio.saw(inside('INVITE'), 8);
      await kamailio.saw(inside('INFO'), 2);
      await kamailio.saw(inside('BYE'), 2);
      // Between two transports it records both of its sides.
      expect(pbx.saw(/^--- in .*\nINVITE [\s\S]*\r\nRecord-Route:.*\r\nRecord-Route:/)).toBe(
        by.phones !== by.server,
      );
      expect(kamailio.seen.filter(({ inDialog, routed }) => inDialog && !routed)).toEqual([]);
      expect(pbx.server.stats()).toMatchObject({ malformed: 0, strayResponses: 0, transportErrors: 0 });
    },
  );

  it.each(['udp', 'tcp'] as const)('cancels by it over %s', async (transport) => {
    const pbx = await startPbx();
    const kamailio = await proxy(pbx, { transport });
    const { alice, bob } = await two(kamailio, pbx, transport);
    alice.dial(`sip:bob@${kamailio.address}`);
    await bob.ringing();
    alice.hangup();
    await Promise.all([alice.ended(), bob.ended()]);
    await kamailio.saw(({ method }) => method === 'CANCEL', 2);
    expect(await pbx.call()).toMatchObject({ status: 487 });
  });

  it('forks: the phone that answers has the call, the other stops ringing', async () => {
    const pbx = await startPbx();
    const [bob, carol] = await Promise.all([
      Baresip.start({ user: 'bob', toneHz: BOB_HZ, answers: false }),
      Baresip.start({ user: 'carol', toneHz: 900, answers: false }),
    ]);
    for (const each of [bob, carol]) closes(each);
    const kamailio = await proxy(pbx, { forks: { team: [bob.uri, carol.uri] } });
    pbx.registrar.bind('team', `sip:team@${kamailio.address}`);
    const alice = await phone('baresip', pbx, { user: 'alice', toneHz: ALICE_HZ });
    alice.dial(pbx.uri('team'));
    await Promise.all([bob.ringing(), carol.ringing()]);
    carol.answer();
    await Promise.all([alice.established(), carol.established(), bob.ended()]);
    await Promise.all([alice.hears(), carol.hears()]);
    alice.hangup();
    await Promise.all([alice.ended(), carol.ended(), pbx.idle()]);
    expect(Math.abs(heardHz(alice.heard()) / 900 - 1)).toBeLessThan(0.02);
    expect(Math.abs(heardHz(carol.heard()) / ALICE_HZ - 1)).toBeLessThan(0.02);
    expect(pbx.server.stats().requestsOut).toMatchObject({ INVITE: 1, ACK: 1, BYE: 1 });
  });

  it('forks, and both answer: one is hung up at once', async () => {
    const pbx = await startPbx();
    const both = await Promise.all([1, 2].map(() => sipp(scenario('uas-answer.xml'))));
    const forks = { team: both.map(({ port }) => `sip:team@127.0.0.1:${port}`) };
    const kamailio = await proxy(pbx, { forks });
    pbx.registrar.bind('team', `sip:team@${kamailio.address}`);
    const alice = await phone('baresip', pbx, { user: 'alice', toneHz: ALICE_HZ });
    alice.dial(pbx.uri('team'));
    await alice.established();
    // The extra one has its ACK and BYE while the call goes on.
    await Promise.race(both.map(({ done }) => done));
    expect(pbx.server.stats().requestsOut).toMatchObject({ INVITE: 1, ACK: 2, BYE: 1 });
    alice.hangup();
    await Promise.all([alice.ended(), pbx.idle(), ...both.map(({ done }) => done)]);
    await kamailio.saw(inside('BYE'), 2);
  });

  it('is a strict router, as before RFC 3261, to the phone that called', async () => {
    const pbx = await startPbx();
    const kamailio = await proxy(pbx, { strict: true });
    const shared = { user: 'alice', toneHz: ALICE_HZ };
    const alice = await phone('baresip', pbx, { ...shared, proxy: kamailio.address });
    const bob = await phone('baresip', pbx, { user: 'bob', toneHz: BOB_HZ });
    await connect(kamailio, alice, bob);
    bob.hangup();
    await Promise.all([alice.ended(), bob.ended(), pbx.idle()]);
    const bye = await kamailio.saw(({ method }) => method === 'BYE');
    expect(bye).toMatchObject({ uri: `sip:${kamailio.address}`, routed: true });
  });

  it('is a strict router to the phone that was called', async () => {
    const pbx = await startPbx();
    const kamailio = await proxy(pbx, { strict: true });
    const callee = await sipp(scenario('uas-answer.xml'));
    pbx.registrar.bind('team', `sip:team@127.0.0.1:${callee.port}`, `sip:${kamailio.address}`);
    const alice = await phone('baresip', pbx, { user: 'alice', toneHz: ALICE_HZ });
    alice.dial(pbx.uri('team'));
    await alice.established();
    alice.hangup();
    await Promise.all([alice.ended(), callee.done, pbx.idle()]);
    // It is named in the Request-URI, and the target comes last in the Route.
    const bye = await kamailio.saw(({ method }) => method === 'BYE');
    expect(bye).toMatchObject({ uri: `sip:${kamailio.address}`, routed: true });
    await kamailio.saw(({ method, routed }) => method === 'ACK' && routed);
  });
});
