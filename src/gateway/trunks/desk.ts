import { isDeepStrictEqual } from 'node:util';
import { formatSipUri } from '../../routing/index.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { SipControl } from '../../sip/index.ts';
import { TrunkBoard, type TrunkLimits, type TrunkState } from './board.ts';
import type { QualifyPolicy } from './qualify.ts';
import { type InviteOutcome, TrunkWatch } from './watch.ts';
import { type RegistrarBook, type Ringing, TrunkWays, type WayTrunk } from './ways.ts';

/** What is asked and limited of a trunk; the configuration's trunks fit. */
export interface DeskTrunk extends TrunkLimits, WayTrunk {
  readonly qualify: QualifyPolicy;
}

export interface TrunkDeskOptions {
  readonly trunks: Readonly<Record<string, DeskTrunk>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Whom trunks with `registered` register with. */
  readonly registrar?: RegistrarBook | undefined;
  readonly ringing?: Ringing | undefined;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A trunk went up or down. */
  readonly onChange?: (state: TrunkState) => void;
}

/** Whom our OPTIONS are from where the trunk has no credentials: some PBXs answer 400 to a From without a user. */
const NOBODY = 'gateway';

/** What decides whether and how a trunk answers OPTIONS. */
const reachOf = (trunk: DeskTrunk | undefined): unknown => {
  const { host, port, transport, fromDomain, credentials, proxy, registered, register, qualify } =
    trunk ?? {};
  return { host, port, transport, fromDomain, credentials, proxy, registered, register, qualify };
};

/** The trunks of one gateway: their board, and the watch over them while the SIP side is open. */
export class TrunkDesk {
  readonly board: TrunkBoard;
  readonly ways: TrunkWays;
  readonly #options: TrunkDeskOptions;
  #trunks: Readonly<Record<string, DeskTrunk>>;
  #watch: TrunkWatch | undefined;

  constructor(options: TrunkDeskOptions) {
    const { trunks, clock, log, registrar, ringing, onChange } = options;
    this.#options = options;
    this.#trunks = trunks;
    this.board = new TrunkBoard({
      trunks,
      clock,
      onChange: (state) => {
        const { trunk, up, why, troubles } = state;
        if (up) log.info({ trunk, why }, 'trunk.up');
        else log.warn({ trunk, why, source: troubles[0]?.source, code: 'TRUNK_DOWN' }, 'trunk.down');
        onChange?.(state);
      },
    });
    this.ways = new TrunkWays({ trunks, board: this.board, clock, registrar, ringing });
  }

  /** Registers, and asks the trunks for signs of life until `close`. */
  watch(sip: Pick<SipControl, 'options' | 'register'>): void {
    this.ways.start(sip);
    const { clock, log, random } = this.#options;
    this.#watch = new TrunkWatch({
      board: this.board,
      trunks: this.#trunks,
      clock,
      log,
      random,
      ask: (name, timeoutMs) => {
        const trunk = this.#trunks[name];
        const uri = trunk && formatSipUri({ ...trunk, user: undefined });
        if (!trunk || uri === undefined) return undefined;
        const { fromDomain } = trunk;
        const way = this.ways.of(name);
        if (!way) return undefined;
        const { credentials = trunk.credentials, proxy, routes, from } = way;
        return sip.options({
          uri: way.address?.('').uri ?? uri,
          ...(proxy === undefined ? {} : { proxy }),
          ...(routes ? { routes } : {}),
          from: {
            user: credentials?.username ?? NOBODY,
            ...(fromDomain === undefined ? {} : { host: fromDomain }),
            ...from,
          },
          ...(credentials ? { credentials } : {}),
          timeoutMs,
        });
      },
    });
  }

  /** Other trunks, or others of their settings: what did not change is not touched. */
  replace(trunks: Readonly<Record<string, DeskTrunk>>): void {
    const before = this.#trunks;
    if (trunks === before) return;
    this.#trunks = trunks;
    this.board.replace(trunks);
    this.ways.replace(trunks);
    this.#watch?.replace(trunks, (name) => !isDeepStrictEqual(reachOf(before[name]), reachOf(trunks[name])));
  }

  /** What an INVITE to the trunk met. */
  heard(trunk: string, outcome: InviteOutcome): void {
    this.#watch?.heard(trunk, outcome);
  }

  /** Every trunk, with the round trip of its last answer to OPTIONS, ms. */
  list(): (TrunkState & { readonly roundTripMs?: number })[] {
    return this.board.dump().map((state) => {
      const roundTripMs = this.#watch?.roundTripMs(state.trunk);
      return roundTripMs === undefined ? state : { ...state, roundTripMs: Math.round(roundTripMs * 10) / 10 };
    });
  }

  close(): void {
    this.#watch?.close();
    this.ways.close();
  }
}
