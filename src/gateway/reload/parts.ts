import type { HttpServers } from '../../http/index.ts';
import type { Registrar } from '../../sip/index.ts';
import type { AccountBook } from '../accounts.ts';
import type { Credentials } from '../credentials.ts';
import type { LogLevelDesk } from '../log-level.ts';
import type { PageWatch } from '../page-watch.ts';
import type { SipSide } from '../sip-side.ts';
import type { TrunkDesk } from '../trunks/desk.ts';
import { type ReloadPart, told } from './part.ts';

/** What of a gateway holds something that the configuration says. All else reads the one in effect when it needs it. */
export interface ReloadedParts {
  readonly accounts: AccountBook;
  readonly credentials: Credentials;
  readonly trunks: TrunkDesk;
  readonly registrar: Registrar | undefined;
  readonly level: LogLevelDesk | undefined;
  /** Made when the gateway started. */
  readonly opened: () => {
    readonly media: ReloadPart;
    readonly sip: SipSide;
    readonly http: Pick<HttpServers, 'reload'>;
    readonly watch: PageWatch | undefined;
  };
}

/** In the order in which they prepare: what acts on others while it does comes last. */
export function reloadParts(parts: ReloadedParts): readonly ReloadPart[] {
  const { accounts, credentials, trunks, registrar, level, opened } = parts;
  return [
    { name: 'media', prepare: (next, before) => opened().media.prepare(next, before) },
    told('accounts', ({ meta }) => {
      credentials.replace(meta);
      accounts.replace(meta);
      opened().watch?.changed();
    }),
    told('registrar', ({ sip }) => sip.registrar && registrar?.replace(sip.registrar)),
    told('trunks', (next) => trunks.replace(next.trunks)),
    told('http', () => opened().http.reload()),
    told('log', ({ log }) => level?.configure(log.level)),
    {
      name: 'sip',
      acts: true,
      prepare: async (next, before) => {
        const { sip } = opened();
        await sip.reload(next.sip);
        return { commit: () => {}, discard: () => sip.reload(before.sip).catch(() => {}) };
      },
    },
  ];
}
