import { afterAll, afterEach, beforeAll } from 'vitest';
import type { World, WorldOptions } from '../../../../src/cli/demo/world.ts';
import type { ConsumerCall } from '../../../../src/sim/index.ts';
import { worlds } from '../../../e2e/world.ts';
import { Baresip, type BaresipOptions } from '../baresip.ts';
import { Linphone } from '../linphone.ts';
import type { Phone } from '../phone.ts';
import { Asterisk } from './asterisk.ts';
import { TRUNKS, type TrunkName } from './config.ts';

/** Making the tree takes a minute on a slow line. */
const MAKING_MS = 180_000;

/** Passwords of the recipe. */
const PASSWORDS = { anna: 'change-me-anna', bernd: 'change-me-bernd', carla: 'change-me-carla' };

export interface LabWorld extends Omit<WorldOptions, 'phone' | 'address'> {
  /** The extension that a consumer's call rings. */
  readonly extension: string;
  /** Which of the PBX's trunks the gateway is. Default the recipe's. */
  readonly trunk?: TrunkName;
  /** Settings of the gateway's trunk. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/**
 * One Asterisk for the tests of a file; gateways, simulators and phones for each. After each test nothing of a call is
 * left on either side. To be called inside `describe`, so that nothing starts where its tests are left out.
 */
export function asteriskLab(): {
  asterisk(): Asterisk;
  world(options: LabWorld): Promise<World>;
  /** A desk phone that is registered. */
  phone(user: keyof typeof PASSWORDS, options: Omit<BaresipOptions, 'user' | 'registrar'>): Promise<Baresip>;
  /** Another kind of phone, for what baresip cannot do. */
  linphone(user: keyof typeof PASSWORDS, toneHz: number): Promise<Linphone>;
  /** The PBX calls a consumer by that trunk, and sends back what it hears; resolves with the call at the consumer. */
  originate(world: World, trunk: TrunkName, psid: string): Promise<ConsumerCall>;
  /** Kills it and starts it again, on the same ports. */
  restart(): Promise<void>;
} {
  const { start, closeAll } = worlds();
  const phones: Phone[] = [];
  let asterisk: Asterisk;
  beforeAll(async () => {
    asterisk = await Asterisk.start();
  }, MAKING_MS);
  afterAll(async () => await asterisk?.close());
  afterEach(async ({ task }) => {
    const failed = task.result?.state === 'fail';
    if (failed) console.log(asterisk.tail());
    try {
      await closeAll();
    } finally {
      for (const phone of phones.splice(0)) {
        if (failed) console.log(phone.tail());
        await phone.close();
      }
    }
    if (!failed) await asterisk.idle();
  });
  return {
    asterisk: () => asterisk,
    world: async ({ extension, trunk = 'messenger', settings = {}, configure, ...rest }) => {
      const world = await start({
        ...rest,
        address: TRUNKS[trunk].address,
        phone: { user: extension, host: '127.0.0.1', port: asterisk.ports.sip },
        configure: (yaml) => {
          const { sip, trunks } = yaml as {
            sip: { listen: { port: number }[] };
            trunks: { phone1: Record<string, unknown> };
          };
          for (const each of sip.listen) each.port = asterisk.ports.gateway;
          Object.assign(trunks.phone1, settings);
          configure?.(yaml);
        },
      });
      if (trunk === 'messenger') await asterisk.reaches();
      return world;
    },
    phone: async (user, options) => {
      const registrar = { address: `127.0.0.1:${asterisk.ports.sip}`, password: PASSWORDS[user] };
      const phone = await Baresip.start({ ...options, user, registrar });
      phones.push(phone);
      await phone.line(/200 OK .*binding/);
      return phone;
    },
    linphone: async (user, toneHz) => {
      const registrar = { address: `127.0.0.1:${asterisk.ports.sip}`, password: PASSWORDS[user] };
      const after = asterisk.ami.events.length;
      const phone = await Linphone.start({ user, toneHz, registrar });
      phones.push(phone);
      await asterisk.ami.event({ Event: 'ContactStatus', AOR: user }, { after });
      return phone;
    },
    originate: async (world, trunk, psid) => {
      const placed = world.simulator.nextPlaced();
      await asterisk.ami.action('Originate', {
        Channel: `PJSIP/${psid}@${trunk}`,
        Context: 'lab',
        Exten: 'echo',
        Priority: '1',
        Async: 'true',
      });
      return await placed;
    },
    restart: async () => {
      await asterisk.close();
      asterisk = await Asterisk.start(asterisk.ports);
    },
  };
}
