import type { HttpServers } from '../../http/index.ts';
import type { Registrar } from '../../sip/index.ts';
import type { RecordSinks } from '../../store/index.ts';
import type { AccountBook } from '../accounts.ts';
import type { Credentials } from '../credentials.ts';
import type { LogLevelDesk } from '../log-level.ts';
import type { PageWatch } from '../page-watch.ts';
import type { RecordingCounts } from '../recording-counts.ts';
import type { SipSide } from '../sip-side.ts';
import type { TraceDesk } from '../trace/desk.ts';
import type { TrunkDesk } from '../trunks/desk.ts';
import { type ReloadPart, told } from './part.ts';

/** What of a gateway holds something that the configuration says. All else reads the one in effect when it needs it. */
export interface ReloadedParts {
  readonly accounts: AccountBook;
  readonly credentials: Credentials;
  readonly trunks: TrunkDesk;
  readonly registrar: Registrar | undefined;
  readonly level: LogLevelDesk | undefined;
  readonly traces: TraceDesk;
  readonly recorded: RecordingCounts;
  /** Made when the gateway started. */
  readonly opened: () => {
    readonly media: ReloadPart;
    readonly sip: SipSide;
    readonly http: Pick<HttpServers, 'reload'>;
    readonly watch: PageWatch | undefined;
    readonly records: RecordSinks;
  };
}

/** In the order in which they prepare: what acts on others while it does comes last. */
export function reloadParts(parts: ReloadedParts): readonly ReloadPart[] {
  const { accounts, credentials, trunks, registrar, level, traces, recorded, opened } = parts;
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
    told('traces', () => traces.changed()),
    told('recordings', () => recorded.keeper?.changed()),
    told('log', ({ log }) => level?.configure(log.level)),
    {
      name: 'records',
      // It makes files and databases, which a plan must not.
      acts: true,
      prepare: (next, before) =>
        next.records === before.records ? undefined : opened().records.prepare(next.records),
    },
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
