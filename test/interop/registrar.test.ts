import { describe, expect, it } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import { caller, finished } from '../e2e/world.ts';
import { Authority } from '../sip-server/support/certificates.ts';
import { hasPeers } from '../support/peer.ts';
import { freeUdpPort } from '../support/ports.ts';
import type { BARESIP_CODECS } from './support/baresip.ts';
import { CONSUMER_HZ, desks, PHONE_HZ, PHONE_KINDS, trunkIs } from './support/desk.ts';
import { consumerHears } from './support/ears.ts';
import type { SipTransport } from './support/phone.ts';
import { isTone } from './support/recording.ts';
import { scenario, sipp } from './support/sipp.ts';

/** Of the environment that worlds have. */
const PASSWORD = 'demo-page-token';

const { world: start, phone: startPhone, closes } = desks();

interface Office {
  readonly world: World;
  readonly ca: string;
  address(transport: SipTransport): string;
}

/** A gateway that is a registrar for one account, and whose only trunk that is; its phones may call consumers. */
async function office(trunk: Readonly<Record<string, unknown>> = {}, codecs?: ['opus']): Promise<Office> {
  const authority = new Authority();
  closes({ tail: () => '', close: async () => authority.close() });
  // linphone looks for an address in the common name, and there only when the certificate has no other names.
  const { cert, key } = authority.issue('', 30, '127.0.0.1');
  const certificates = [{ cert: authority.write('own.pem', cert), key: authority.write('own.key.pem', key) }];
  const address = { address: '127.0.0.1', port: 0 };
  const world = await start({
    to: { user: 'bob', port: 1 },
    ...(codecs && { codecs }),
    sip: {
      listen: [
        { protocol: 'udp', ...address },
        { protocol: 'tcp', ...address },
        { protocol: 'tls', ...address, tls: { certificates } },
      ],
      registrar: { accounts: [{ user: 'bob', password: '${PAGE_TOKEN}' }] },
    },
    configure: (yaml) => {
      const { trunks } = yaml as { trunks: { phone1: { codecs: unknown } } };
      const qualify = { everyS: 0 };
      yaml['trunks'] = {
        phone1: { registered: 'bob', codecs: trunks.phone1.codecs, qualify, ...trunk },
      };
      yaml['routes'] = { desk: { targets: [{ trunk: 'phone1' }] } };
    },
    outbound: true,
  });
  return {
    world,
    ca: authority.write('authority.pem', authority.cert),
    address: (transport) => {
      const at = world.gateway.sipContacts.find(({ protocol }) => protocol === transport);
      return `127.0.0.1:${at?.port}`;
    },
  };
}

const TRANSPORTS = [
  { transport: 'udp', codec: 'PCMU', trunk: {} },
  { transport: 'tcp', codec: 'PCMU', trunk: {} },
  { transport: 'tls', codec: 'PCMU', trunk: {} },
  { transport: 'tls', codec: 'PCMU', trunk: { srtp: 'required' } },
  { transport: 'tls', codec: 'opus', trunk: { srtp: 'required' } },
] as const satisfies readonly {
  codec: keyof typeof BARESIP_CODECS;
  transport: SipTransport;
  trunk: object;
}[];

describe.runIf(hasPeers('baresip', 'linphonec')).each(PHONE_KINDS)('%s registers at the gateway', (kind) => {
  it.each(TRANSPORTS)(
    'over $transport, is rung by a consumer and calls one: $codec, $trunk',
    async ({ transport, codec, trunk }) => {
      const at = await office(trunk, codec === 'opus' ? ['opus'] : undefined);
      const { world, ca } = at;
      const registrar = { address: at.address(transport), password: PASSWORD, transport, ca };
      const srtp = 'srtp' in trunk ? ({ srtp: true } as const) : {};
      const phone = await startPhone(kind, { user: 'bob', codec, registrar, ...srtp });
      await trunkIs(world, true);
      const amina = world.simulator.consumer({ ...caller, permission: true });
      const call = amina.call({ toneHz: CONSUMER_HZ });
      await phone.established();
      await consumerHears(call, PHONE_HZ);
      await phone.hears(2);
      await call.hangup();
      await phone.ended();
      expect(await finished(world)).toMatchObject({ answered: true, target: 'phone1/bob', codec });
      expect(isTone(phone.heard(), CONSUMER_HZ)).toBe(true);
      const placed = world.simulator.nextPlaced();
      phone.dial(`sip:70001@${at.address(transport)};transport=${transport}`);
      const back = await placed;
      await consumerHears(back, PHONE_HZ);
      phone.hangup();
      await back.ended;
      expect(await finished(world)).toMatchObject({ cause: 'phone-hangup', answered: true });
    },
  );

  it('not with a wrong password', async () => {
    const at = await office();
    const registrar = { address: at.address('udp'), password: 'wrong' };
    const phone = await startPhone(kind, { user: 'bob', registrar });
    await phone.rejected();
  });
});

describe.runIf(hasPeers('sipp'))('sipp registers at the gateway', () => {
  const account = ['-key', 'user', 'bob', '-au', 'bob'];

  it.each([
    { transport: 'udp', mode: 'u1' },
    { transport: 'tcp', mode: 't1' },
  ] as const)('over $transport, is rung by a consumer where it registered', async ({ transport, mode }) => {
    const at = await office();
    const { world } = at;
    const port = await freeUdpPort();
    const args = [...scenario('register.xml'), ...account, '-ap', PASSWORD, '-key', 'expires', '60'];
    await (await sipp([...args, '-t', mode], at.address(transport), port)).done;
    await trunkIs(world, true);
    // Over TCP the connection that it came by is gone with it: it is reached by its Contact then.
    const phone = await sipp([...scenario('uas-answer.xml'), '-t', mode], undefined, port);
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    await call.connected;
    await call.hangup();
    await phone.done;
    expect(await finished(world)).toMatchObject({ cause: 'consumer-hangup', target: 'phone1/bob' });
  });

  it('not with a wrong password', async () => {
    const at = await office();
    const args = [...scenario('register.xml'), ...account, '-ap', 'wrong', '-key', 'expires', '60'];
    const { done } = await sipp(args, at.address('udp'));
    await expect(done).rejects.toThrow(/expecting '200'.* received 'SIP\/2.0 401/);
  });
});
