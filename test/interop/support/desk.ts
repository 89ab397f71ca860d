import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { DEMO_PAGE, type World, type WorldOptions } from '../../../src/cli/demo/world.ts';
import { worlds } from '../../e2e/world.ts';
import { peerFolder } from '../../support/peer-process.ts';
import { BARESIP_CODECS, Baresip } from './baresip.ts';
import { Linphone } from './linphone.ts';
import type { PhoneKind } from './office.ts';
import type { Phone, SipTransport } from './phone.ts';
import { toneFile } from './recording.ts';

export const PHONE_KINDS = ['baresip', 'linphone'] as const satisfies readonly PhoneKind[];
export const PHONE_HZ = 700;
export const CONSUMER_HZ = 440;

export interface DeskPhoneOptions {
  readonly user?: string;
  readonly toneHz?: number;
  /** Where a baresip listens. Default a free one. */
  readonly port?: number;
  /** The only one that it has; a linphone has all of them. Default PCMU. */
  readonly codec?: keyof typeof BARESIP_CODECS;
  /** Default true. `early`: while it rings a linphone sends its tone (183 with SDP); a baresip would be silent. */
  readonly answers?: boolean | 'early';
  /** How a linphone's keys go; a baresip's go by RFC 4733. Default so too. */
  readonly dtmf?: 'info' | 'rfc4733';
  /** SRTP with keys in SDP, or no call. */
  readonly srtp?: true;
  /** Path of a WAV file that a linphone plays while it holds; a baresip sends nothing then. */
  readonly music?: string;
  readonly maxCalls?: number;
  readonly registrar?: {
    readonly address: string;
    readonly password: string;
    readonly transport?: SipTransport;
    readonly ca?: string;
    /** Default 300; a linphone's is an hour. */
    readonly expiresS?: number;
  };
}

export interface DeskWorld extends Omit<WorldOptions, 'phone' | 'phones'> {
  /** Where the trunk `phone1` leads, and the user that its target rings. */
  readonly to: { readonly user: string; readonly port: number; readonly host?: string };
  /** More settings of that trunk, of its route, of `sip`. */
  readonly trunk?: Readonly<Record<string, unknown>>;
  readonly route?: Readonly<Record<string, unknown>>;
  readonly sip?: Readonly<Record<string, unknown>>;
  /** Its phones may call consumers. */
  readonly outbound?: true;
}

/** A part of a configuration: phones of the trunk `phone1` may call consumers, by short numbers too. */
export const OUTBOUND = {
  rules: [{ trunk: 'phone1', page: DEMO_PAGE }],
  directory: { first: 70_001, last: 79_999 },
} as const;

/** What a test starts besides worlds. */
interface Closable {
  tail(): string;
  close(): Promise<void>;
}

/** Consumers, gateways and real phones, no PBX; after each test nothing of a call is left and all of them are gone. */
export function desks(): {
  world(options: DeskWorld): Promise<World>;
  phone(kind: PhoneKind, options?: DeskPhoneOptions): Promise<Phone>;
  closes<T extends Closable>(what: T): T;
} {
  const { start, closeAll } = worlds();
  const open: Closable[] = [];
  const closes = <T extends Closable>(what: T): T => {
    open.push(what);
    return what;
  };
  afterEach(async ({ task }) => {
    try {
      await closeAll();
    } finally {
      for (const each of open.splice(0)) {
        if (task.result?.state === 'fail') console.log(each.tail());
        await each.close();
      }
    }
  });
  return {
    world: ({ to, trunk, route, sip, outbound, configure, ...rest }) =>
      start({
        ...rest,
        phone: { host: '127.0.0.1', ...to },
        configure: (yaml) => {
          const { trunks, routes } = yaml as Record<string, Record<string, object>>;
          Object.assign(trunks!['phone1']!, trunk);
          Object.assign(routes!['desk']!, route);
          Object.assign(yaml['sip'] as object, sip);
          if (outbound) yaml['outbound'] = OUTBOUND;
          configure?.(yaml);
        },
      }),
    phone: async (kind, options = {}) => {
      const { user = 'desk', toneHz = PHONE_HZ, codec = 'PCMU', answers = true, dtmf, srtp } = options;
      const { maxCalls, registrar, port, music } = options;
      const shared = { user, toneHz, ...(maxCalls && { maxCalls }), ...(registrar && { registrar }) };
      if (kind === 'baresip') {
        const encrypted = srtp ? ({ srtp: 'srtp-mand' } as const) : {};
        return closes(
          await Baresip.start({
            ...shared,
            ...BARESIP_CODECS[codec],
            ...encrypted,
            ...(port && { port }),
            answers: answers === true,
          }),
        );
      }
      const encrypted = srtp ? ({ srtp } as const) : {};
      return closes(
        await Linphone.start({
          ...shared,
          ...encrypted,
          ...(music && { music }),
          answers,
          dtmf: dtmf ?? 'rfc4733',
        }),
      );
    },
    closes,
  };
}

/** A trunk as an operator sees it. */
interface TrunkView {
  readonly trunk: string;
  readonly up: boolean;
  readonly why?: string;
  readonly troubles: readonly { readonly source: string }[];
}

/** Resolves when a trunk is up, or is not; asks no more often than the admin API answers. */
export async function trunkIs(world: World, up: boolean, trunk = 'phone1'): Promise<TrunkView> {
  for (;;) {
    const reply = await fetch(new URL('/trunks', world.gateway.adminUrl));
    const views = reply.ok ? ((await reply.json()) as TrunkView[]) : [];
    const found = views.find((each) => each.trunk === trunk && each.up === up);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A WAV file of 10 s with one tone. */
export function toneWav(hz: number): Closable & { readonly path: string } {
  const folder = peerFolder('tone');
  const path = join(folder, `${hz}.wav`);
  writeFileSync(path, toneFile(hz, 16_000, 10));
  return {
    path,
    tail: () => path,
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
