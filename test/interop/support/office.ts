import { afterEach } from 'vitest';
import { Baresip, type BaresipOptions } from './baresip.ts';
import { Linphone } from './linphone.ts';
import { Pbx, type PbxOptions } from './pbx.ts';
import type { Phone, SipTransport } from './phone.ts';

export type PhoneKind = 'baresip' | 'linphone';

export interface PhoneOptions extends Partial<Pick<BaresipOptions, 'answers' | 'maxCalls' | 'codec'>> {
  readonly user: string;
  readonly toneHz: number;
  readonly transport?: SipTransport;
  readonly password?: string;
  /** Register there instead of at the PBX itself: `host:port` of a proxy. */
  readonly proxy?: string;
}

/** A peer that is no registered phone. */
interface Closable {
  tail(): string;
  close(): Promise<void>;
}

export const PASSWORDS = { alice: 'wonderland', bob: 'builder', carol: 'singer' };

/** Starts a PBX and phones for a test; after it they are gone, and nothing of a call is left. */
export function office(): {
  pbx(options?: PbxOptions): Promise<Pbx>;
  /** A phone of this kind that is registered, unless its password is wrong. */
  phone(kind: PhoneKind, pbx: Pbx, options: PhoneOptions): Promise<Phone>;
  closes(what: Closable): void;
} {
  const phones: Phone[] = [];
  const others: Closable[] = [];
  const pbxs: Pbx[] = [];
  afterEach(async ({ task }) => {
    const failed = task.result?.state === 'fail';
    for (const phone of phones.splice(0)) {
      if (failed) console.log(`${phone.user}:\n${phone.tail()}`);
      await phone.close();
    }
    for (const other of others.splice(0)) {
      if (failed) console.log(other.tail());
      await other.close();
    }
    for (const pbx of pbxs.splice(0)) {
      if (failed) console.log(pbx.trace());
      else await pbx.idle();
      await pbx.close();
    }
  });
  return {
    pbx: async (options = {}) => {
      const pbx = await Pbx.start({ users: PASSWORDS, ...options });
      pbxs.push(pbx);
      return pbx;
    },
    phone: async (kind, pbx, { transport = 'udp', user, password, toneHz, proxy, ...rest }) => {
      const right = PASSWORDS[user as keyof typeof PASSWORDS];
      const address = proxy ?? pbx.address(transport);
      const registrar = { address, password: password ?? right, transport, ca: pbx.ca };
      const phone =
        kind === 'baresip'
          ? await Baresip.start({ user, toneHz, answers: false, registrar, ...rest })
          : await Linphone.start({ user, toneHz, registrar, ...rest });
      phones.push(phone);
      if (password === undefined) await pbx.registrar.registered(user);
      return phone;
    },
    closes: (what) => others.push(what),
  };
}
