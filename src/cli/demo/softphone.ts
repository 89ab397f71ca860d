import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownAddress } from './own-address.ts';
import type { World, WorldOptions } from './world.ts';

/** The account that a softphone registers with. */
export const SOFTPHONE_USER = '100';

/** All that a trunk can have, best first: nobody knows which softphone it is. */
const CODECS = ['opus', 'G722', 'PCMU', 'PCMA'];

export interface Softphone {
  /** One for each run. */
  readonly password: string;
  readonly world: Pick<WorldOptions, 'phones' | 'address' | 'configure' | 'env'>;
}

export interface SoftphoneOptions {
  /** Address of this machine that the softphone reaches; default its first one. */
  readonly address?: string;
  /** UDP port for SIP; 0 takes any free one. */
  readonly sipPort: number;
}

/** Addresses of home and office networks (RFC 1918) and this machine: who else knows the port is not answered. */
const ALLOW = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8'];

/** A gateway that a softphone registers at, as an account of its own, and that rings it wherever it registered from. */
export function softphoneWorld({ address = ownAddress(), sipPort }: SoftphoneOptions): Softphone {
  const password = randomBytes(5).toString('hex');
  return {
    password,
    world: {
      phones: [],
      address,
      env: { SOFTPHONE_PASSWORD: password },
      configure: (yaml) => {
        yaml['sip'] = {
          listen: [{ protocol: 'udp', address, port: sipPort }],
          allow: [...ALLOW, `${address}/32`],
          registrar: { accounts: [{ user: SOFTPHONE_USER, password: '${SOFTPHONE_PASSWORD}' }] },
        };
        yaml['trunks'] = {
          softphone: { registered: SOFTPHONE_USER, codecs: CODECS, qualify: { everyS: 0 } },
        };
        yaml['routes'] = { desk: { targets: [{ trunk: 'softphone' }] } };
      },
    },
  };
}

/** What to enter in the softphone, a line each. */
export function accountLines(world: World, { password }: Softphone): string[] {
  const [at] = world.gateway.sipContacts;
  const server = at ? `${at.address}:${at.port}` : '';
  return [
    'Enter this account in your softphone (UDP). It rings when it has registered; answer it (Ctrl-C ends the wait):',
    `  server    ${server}`,
    `  user      ${SOFTPHONE_USER}`,
    `  password  ${password}`,
  ];
}

/** Resolves when it has registered; rejects when `signal` is aborted. */
export async function registered(world: World, signal: AbortSignal): Promise<void> {
  for (;;) {
    const reply = await fetch(new URL('/trunks', world.gateway.adminUrl), { signal });
    const trunks = (await reply.json()) as readonly { readonly up?: boolean }[];
    if (trunks.some(({ up }) => up)) return;
    await sleep(200, undefined, { signal });
  }
}
