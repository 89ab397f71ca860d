import type { GatewayConfig } from '../config/index.ts';
import { trunksAt } from '../routing/index.ts';
import type { Clock } from '../shared/clock.ts';
import { type Credentials, DigestGuard, type DigestGuardOptions, type IncomingInvite } from '../sip/index.ts';
import { CallerTries } from './caller-tries.ts';
import type { CallTrunk } from './phone-session.ts';
import { remade } from './reload/live-config.ts';
import type { TrunkWays } from './trunks/ways.ts';

/** What tells a trunk's own INVITEs; the configuration's trunks fit. */
export interface CallerTrunk extends CallTrunk {
  readonly host: string;
  readonly from?: readonly string[];
  readonly callers?: { readonly username: string; readonly password: string };
}

export type Admission =
  | {
      readonly ok: true;
      readonly name: string;
      readonly trunk: CallerTrunk;
      /** It calls what we registered, not a number. */
      readonly isOurContact?: boolean;
    }
  | {
      readonly ok: false;
      readonly status: number;
      readonly phrase: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

/** Which trunk an INVITE is of: by its address, and by digest where the trunk wants that too (RFC 3261 22). */
export class CallerGate {
  readonly #trunks: Readonly<Record<string, CallerTrunk>>;
  readonly #digest: DigestGuard;
  readonly #ways: Pick<TrunkWays, 'registeredAt'>;
  readonly #tries: CallerTries;

  constructor(
    trunks: Readonly<Record<string, CallerTrunk>>,
    digest: DigestGuardOptions,
    ways: Pick<TrunkWays, 'registeredAt'>,
    tries: CallerTries,
  ) {
    this.#ways = ways;
    this.#tries = tries;
    this.#trunks = trunks;
    this.#digest = new DigestGuard(digest);
  }

  admit(invite: Pick<IncomingInvite, 'source' | 'uri' | 'user' | 'header'>): Admission {
    const { source } = invite;
    const { address } = source;
    const registered = this.#ways.registeredAt(address, invite.user);
    const known = new Set(registered.map(({ name }) => name));
    const byAddress = trunksAt(this.#trunks, address).filter((name) => !known.has(name));
    const near: Near[] = [...registered, ...byAddress.map((name) => ({ name }))].flatMap(
      (each: Omit<Near, 'trunk'>) => {
        const trunk = this.#trunks[each.name];
        return trunk ? [{ ...each, trunk }] : [];
      },
    );
    if (near.length === 0) return { ok: false, status: 403, phrase: 'Unknown Trunk' };
    const open = near.find((each) => !callersOf(each));
    const callers = near.flatMap((each) => callersOf(each) ?? []);
    const authorization = invite.header('authorization');
    const claimed = this.#digest.claimed(authorization);
    // Nothing is said of what is tried meanwhile, be it right or wrong.
    const blockedS = claimed === undefined ? 0 : this.#tries.blockedS(source, claimed);
    if (blockedS > 0) {
      const headers = { 'Retry-After': String(blockedS) };
      return { ok: false, status: 403, phrase: 'Too Many Wrong Passwords', headers };
    }
    const checked = this.#digest.check(authorization, 'INVITE', invite.uri, callers);
    if (checked.verdict === 'wrong') this.#tries.wrong(source);
    if (checked.verdict === 'right') {
      this.#tries.right(source, checked.username);
      const mine = near.find((each) => callersOf(each)?.username === checked.username);
      if (mine) return admitted(mine);
    }
    // A trunk that needs no digest takes whoever shows none; a wrong one is a mistake that must be seen.
    if (open && checked.verdict === 'none') return admitted(open);
    const challenge = this.#digest.challenge(checked.verdict === 'stale');
    return { ok: false, status: 401, phrase: 'Unauthorized', headers: { 'WWW-Authenticate': challenge } };
  }
}

interface Near {
  readonly name: string;
  readonly trunk: CallerTrunk;
  readonly isOurContact?: boolean;
  readonly callers?: Credentials | undefined;
}

const callersOf = ({ callers, trunk }: Near): Credentials | undefined => callers ?? trunk.callers;

const admitted = ({ name, trunk, isOurContact = false }: Near): Admission => ({
  ok: true,
  name,
  trunk,
  isOurContact,
});

/** The gate by the configuration in effect. */
export const gateOf = (
  config: () => Pick<GatewayConfig, 'trunks' | 'outbound' | 'sip'>,
  ways: Pick<TrunkWays, 'registeredAt'>,
  clock: Pick<Clock, 'now' | 'monotonic'>,
): (() => CallerGate) => {
  // A reload makes nobody's tries new.
  const tries = new CallerTries(clock);
  return remade(config, ({ trunks, outbound, sip }) => {
    const digest = { realm: sip.realm, algorithm: outbound.digest, now: () => clock.now() };
    return new CallerGate(trunks, digest, ways, tries);
  });
};
