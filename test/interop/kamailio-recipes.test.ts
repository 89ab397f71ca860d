import { describe, expect, it } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import { caller, finished } from '../e2e/world.ts';
import { hasPeers } from '../support/peer.ts';
import { freeSipPort } from '../support/ports.ts';
import { CONSUMER_HZ, type DeskWorld, desks, PHONE_HZ, trunkIs } from './support/desk.ts';
import { consumerHears } from './support/ears.ts';
import { Kamailio } from './support/kamailio.ts';
import type { PhoneKind } from './support/office.ts';
import type { Phone } from './support/phone.ts';
import { isTone } from './support/recording.ts';

const BERND_HZ = 550;
/** The gateway is told by its address, and phones and proxy share one. */
const GATEWAY = '127.0.0.2';
const PASSWORDS = { anna: 'change-me-anna', bernd: 'change-me-bernd' };

const { world: startWorld, phone: startPhone, closes } = desks();

/** Ports of a gateway and of a Kamailio, which know one another by them. */
interface Ports {
  readonly gateway: number;
  readonly kamailio: number;
}

const freePorts = async (): Promise<Ports> => ({
  gateway: await freeSipPort(),
  kamailio: await freeSipPort(),
});

function start(ports: Ports, user: string, options: Omit<DeskWorld, 'to'> = {}): Promise<World> {
  return startWorld({
    ...options,
    to: { user, port: ports.kamailio },
    address: GATEWAY,
    sip: { listen: [{ protocol: 'udp', address: GATEWAY, port: ports.gateway }] },
  });
}

/** The recipe's registrar; phones come back within `refreshS` after it was restarted. */
const registrar = ({ gateway, kamailio }: Ports, refreshS = 300): Promise<Kamailio> =>
  Kamailio.recipe('registrar.cfg', kamailio, [
    ['192.0.2.10:5060', `${GATEWAY}:${gateway}`],
    ['192.0.2.10', GATEWAY],
    ['192.0.2.20:5060', `127.0.0.1:${kamailio}`],
    ['@192.0.2.20', `@127.0.0.1:${kamailio}`],
    ['"max_expires", 300)', `"max_expires", ${refreshS})\nmodparam("registrar", "min_expires", 1)`],
  ]);

/** The recipe's proxy, with that phone for the PBX behind it. */
const proxy = ({ gateway, kamailio }: Ports, pbx: number): Promise<Kamailio> =>
  Kamailio.recipe('kamailio.cfg', kamailio, [
    ['192.0.2.10:5060', `${GATEWAY}:${gateway}`],
    ['"192.0.2.10"', `"${GATEWAY}"`],
    ['192.0.2.20:5060', `127.0.0.1:${pbx}`],
    ['"192.0.2.20"', '"127.0.0.1"'],
    ['192.0.2.30:5060', `127.0.0.1:${kamailio}`],
  ]);

describe.runIf(hasPeers('kamailio', 'baresip', 'linphonec'))('Kamailio as the PBX, by its recipe', () => {
  /** A phone that is registered there. */
  async function register(
    kind: PhoneKind,
    user: keyof typeof PASSWORDS,
    kamailio: Kamailio,
    more: {
      readonly answers?: boolean | 'early';
      readonly expiresS?: number;
      readonly transport?: 'tcp';
    } = {},
  ): Promise<Phone> {
    const { answers = true, transport } = more;
    const phone = await startPhone(kind, {
      user,
      toneHz: user === 'anna' ? PHONE_HZ : BERND_HZ,
      answers,
      registrar: {
        address: kamailio.address,
        password: PASSWORDS[user],
        ...(transport && { transport }),
      },
    });
    await phone.registered();
    return phone;
  }

  it.each([
    { kind: 'baresip', transport: undefined },
    { kind: 'linphone', transport: undefined },
    { kind: 'baresip', transport: 'tcp' },
  ] as const)('$kind registers ($transport), is rung by name, calls back', async ({ kind, transport }) => {
    const ports = await freePorts();
    const kamailio = closes(await registrar(ports));
    const anna = await register(kind, 'anna', kamailio, transport && { transport });
    const world = await start(ports, 'anna', { outbound: true });
    const amina = world.simulator.consumer({ ...caller, permission: true });
    const call = amina.call({ toneHz: CONSUMER_HZ });
    await anna.established();
    await consumerHears(call, PHONE_HZ);
    await anna.hears(2);
    await anna.hold();
    await anna.resume();
    await consumerHears(call, PHONE_HZ);
    await call.hangup();
    await anna.ended();
    expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup', answered: true });
    expect(isTone(anna.heard(), CONSUMER_HZ)).toBe(true);
    const placed = world.simulator.nextPlaced();
    anna.dial(`sip:70001@${kamailio.address}`);
    const back = await placed;
    expect(back.psid).toBe(caller.psid);
    await consumerHears(back, PHONE_HZ);
    anna.hangup();
    await back.ended;
    expect(await finished(world)).toMatchObject({ direction: 'business_initiated', cause: 'phone-hangup' });
    expect(kamailio.seen.filter(({ inDialog, routed }) => inDialog && !routed)).toEqual([]);
  });

  it.each([
    { user: 'anna', password: 'wrong' },
    // What a password that is not there reads like.
    { user: 'nobody', password: '<null>' },
  ])('does not let $user register with the password "$password"', async ({ user, password }) => {
    const kamailio = closes(await registrar(await freePorts()));
    const account = { address: kamailio.address, password };
    const phone = await startPhone('baresip', { user, registrar: account });
    await phone.rejected();
  });

  it.each(['anna', 'bernd'] as const)('rings the group: %s answers, the other is cancelled', async (who) => {
    const ports = await freePorts();
    const kamailio = closes(await registrar(ports));
    const [anna, bernd] = await Promise.all([
      register('baresip', 'anna', kamailio, { answers: false }),
      register('linphone', 'bernd', kamailio, { answers: false }),
    ]);
    const world = await start(ports, 'support');
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await Promise.all([anna.ringing(), bernd.ringing()]);
    const [picks, other] = who === 'anna' ? [anna, bernd] : [bernd, anna];
    picks.answer();
    await Promise.all([picks.established(), other.ended()]);
    await consumerHears(call, who === 'anna' ? PHONE_HZ : BERND_HZ);
    await picks.hears(2);
    picks.hangup();
    await call.ended;
    expect(await finished(world)).toMatchObject({ cause: 'phone-hangup', answered: true });
    expect(isTone(picks.heard(), CONSUMER_HZ)).toBe(true);
  });

  it('one of the group is busy: the other rings on, and has the call', async () => {
    const ports = await freePorts();
    const kamailio = closes(await registrar(ports));
    const [anna, bernd] = await Promise.all([
      register('baresip', 'anna', kamailio, { answers: false }),
      register('linphone', 'bernd', kamailio, { answers: false }),
    ]);
    const world = await start(ports, 'support');
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await Promise.all([anna.ringing(), bernd.ringing()]);
    // 486 of the one branch.
    anna.hangup();
    await anna.ended();
    expect(call.state).toBe('ringing');
    bernd.answer();
    await consumerHears(call, BERND_HZ);
    await call.hangup();
    await bernd.ended();
    expect(await finished(world)).toMatchObject({ answered: true, cause: 'consumer-hangup' });
  });

  it('all of the group are busy: so the consumer is rejected', async () => {
    const ports = await freePorts();
    const kamailio = closes(await registrar(ports));
    const phones = await Promise.all([
      register('baresip', 'anna', kamailio, { answers: false }),
      register('baresip', 'bernd', kamailio, { answers: false }),
    ]);
    const world = await start(ports, 'support');
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await Promise.all(phones.map((each) => each.ringing()));
    for (const each of phones) each.hangup();
    expect(await call.ended).toMatchObject({ by: 'business', action: 'reject' });
    expect(await finished(world)).toMatchObject({ answered: false, cause: 'busy' });
  });

  it('both of the group answer at the same time: one has the call, the other is hung up', async () => {
    const ports = await freePorts();
    const kamailio = closes(await registrar(ports));
    const phones = await Promise.all([
      register('baresip', 'anna', kamailio, { answers: false }),
      register('baresip', 'bernd', kamailio, { answers: false }),
    ]);
    const world = await start(ports, 'support');
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await Promise.all(phones.map((each) => each.ringing()));
    await kamailio.asleep(async () => {
      for (const each of phones) each.answer();
      // Both have sent their 200 when they have the call; neither CANCEL nor ACK can have come.
      await Promise.all(phones.map((each) => each.line(/answering call|Call established/)));
    });
    const [one, other] = phones as [Phone, Phone];
    const talks = await Promise.race([one.ended().then(() => other), other.ended().then(() => one)]);
    await consumerHears(call, talks.user === 'anna' ? PHONE_HZ : BERND_HZ);
    await talks.hears(2);
    await call.hangup();
    await talks.ended();
    expect(await finished(world)).toMatchObject({ answered: true, cause: 'consumer-hangup' });
    expect(isTone(talks.heard(), CONSUMER_HZ)).toBe(true);
    // The extra 200 had its ACK and its BYE from us.
    await kamailio.saw(({ method }) => method === 'BYE', 2);
  });

  it('one of the group sends early media, the other answers: the consumer hears one, then the other', async () => {
    const ports = await freePorts();
    const kamailio = closes(await registrar(ports));
    const [anna, bernd] = await Promise.all([
      register('linphone', 'anna', kamailio, { answers: 'early' }),
      register('baresip', 'bernd', kamailio, { answers: false }),
    ]);
    const world = await start(ports, 'support', { route: { earlyMedia: 'accept' } });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await bernd.ringing();
    await consumerHears(call, PHONE_HZ);
    bernd.answer();
    await Promise.all([bernd.established(), anna.ended()]);
    await consumerHears(call, BERND_HZ);
    await bernd.hears(2);
    await call.hangup();
    await bernd.ended();
    expect(await finished(world)).toMatchObject({ answered: true, cause: 'consumer-hangup' });
  });

  it('a phone transfers the consumer to another one (REFER through the proxy)', async () => {
    const ports = await freePorts();
    const kamailio = closes(await registrar(ports));
    const [anna, bernd] = await Promise.all([
      register('baresip', 'anna', kamailio),
      register('linphone', 'bernd', kamailio),
    ]);
    const world = await start(ports, 'anna', { trunk: { transferTo: ['bernd'] } });
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await consumerHears(call, PHONE_HZ);
    anna.transfer(`sip:bernd@${kamailio.address}`);
    await bernd.established();
    await consumerHears(call, BERND_HZ);
    await anna.ended();
    await bernd.hears(2);
    bernd.hangup();
    await call.ended;
    expect(await finished(world)).toMatchObject({
      cause: 'phone-hangup',
      transfers: [{ kind: 'blind', outcome: 'done' }],
    });
    await kamailio.saw(({ method, inDialog, routed }) => method === 'REFER' && inDialog && routed);
    await kamailio.saw(({ method, inDialog, routed }) => method === 'NOTIFY' && inDialog && routed);
  });

  it('is restarted in mid-call: the call goes on, BYE passes, phones that register again are rung', async () => {
    const ports = await freePorts();
    const first = await registrar(ports, 10);
    const anna = await register('baresip', 'anna', first);
    const world = await start(ports, 'anna');
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await consumerHears(call, PHONE_HZ);
    await first.close();
    const second = closes(await registrar(ports, 10));
    await anna.hold();
    await anna.resume();
    await consumerHears(call, PHONE_HZ);
    anna.hangup();
    await call.ended;
    expect(await finished(world)).toMatchObject({ cause: 'phone-hangup', answered: true });
    // One that is challenged, one that is not.
    await second.saw(({ method }) => method === 'REGISTER', 2);
    const next = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await anna.established(2);
    await consumerHears(next, PHONE_HZ);
    await next.hangup();
    await anna.ended(2);
    await finished(world);
  });
});

describe.runIf(hasPeers('kamailio', 'baresip'))('Kamailio in front, by its recipe', () => {
  const QUALIFY = { everyS: 1, timeoutMs: 500, failures: 2 };

  it('holds, REFERs and calls back through the proxy', async () => {
    const ports = await freePorts();
    const anna = await startPhone('baresip', { user: 'anna' });
    const kamailio = closes(await proxy(ports, anna.port));
    const world = await start(ports, 'anna', { outbound: true });
    const amina = world.simulator.consumer({ ...caller, permission: true });
    const call = amina.call({ toneHz: CONSUMER_HZ });
    await consumerHears(call, PHONE_HZ);
    await anna.hears(2);
    await anna.hold();
    await anna.resume();
    await consumerHears(call, PHONE_HZ);
    // Nobody is allowed: refused through the proxy, and the call goes on.
    anna.transfer('sip:bernd@127.0.0.1');
    await kamailio.saw(({ method, routed }) => method === 'REFER' && routed);
    await consumerHears(call, PHONE_HZ);
    anna.hangup();
    await call.ended;
    await finished(world);
    expect(isTone(anna.heard(), CONSUMER_HZ)).toBe(true);
    const placed = world.simulator.nextPlaced();
    anna.dial(`sip:70001@${kamailio.address}`);
    const back = await placed;
    await consumerHears(back, PHONE_HZ);
    await back.hangup();
    await anna.ended(2);
    expect(await finished(world)).toMatchObject({ direction: 'business_initiated' });
    expect(kamailio.seen.filter(({ inDialog, routed }) => inDialog && !routed)).toEqual([]);
  });

  it.each(['the proxy', 'the PBX behind it'] as const)(
    'is asked by OPTIONS: when %s stops, calls go to the next trunk, and come back',
    async (what) => {
      const ports = await freePorts();
      const pbxPort = await freeSipPort();
      const pbx = (): Promise<Phone> => startPhone('baresip', { user: 'anna', port: pbxPort });
      let anna = await pbx();
      let kamailio = await proxy(ports, pbxPort);
      closes({ tail: () => kamailio.tail(), close: () => kamailio.close() });
      const bernd = await startPhone('baresip', { user: 'bernd', toneHz: BERND_HZ });
      const world = await start(ports, 'anna', {
        trunk: { qualify: QUALIFY },
        configure: (yaml) => {
          const { trunks, routes } = yaml as {
            trunks: Record<string, object>;
            routes: { desk: { targets: object[] } };
          };
          trunks['phone2'] = { ...trunks['phone1'], host: '127.0.0.1', port: bernd.port };
          routes.desk.targets.push({ trunk: 'phone2', user: 'bernd' });
        },
      });
      const rings = async (hz: number, target: string): Promise<void> => {
        const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
        await consumerHears(call, hz);
        await call.hangup();
        expect(await finished(world)).toMatchObject({ target, attempts: [{ target }] });
      };
      await rings(PHONE_HZ, 'phone1/anna');
      await (what === 'the proxy' ? kamailio : anna).close();
      await trunkIs(world, false);
      await rings(BERND_HZ, 'phone2/bernd');
      if (what === 'the proxy') kamailio = await proxy(ports, pbxPort);
      else anna = await pbx();
      await trunkIs(world, true);
      await rings(PHONE_HZ, 'phone1/anna');
      await anna.ended();
    },
  );
});
