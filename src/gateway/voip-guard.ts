import { type VoipRefusal, type VoipTrunk, type VoipVerdict, voipOnly } from '../routing/index.ts';
import type { Log } from '../shared/log.ts';

/** How a call was to be sent on. */
export type SentOnBy = 'refer' | 'redirect' | 'operator';

/** Keeps calls away from the PSTN: every REFER, 302 and operator's transfer is asked for here, and what is refused is counted and logged. */
export class VoipGuard {
  readonly #trunks: () => Readonly<Record<string, VoipTrunk>>;
  readonly #counts = new Map<string, { by: SentOnBy; code: VoipRefusal; count: number }>();

  /** @param trunks those in effect */
  constructor(trunks: () => Readonly<Record<string, VoipTrunk>>) {
    this.#trunks = trunks;
  }

  /**
   * @param log of the call; the user part is not told: it may be a consumer's number
   * @param first trunks that are thought of before the others, where several have that host
   * @param only no trunk but these is meant
   */
  check(
    uri: string,
    by: SentOnBy,
    log: Log,
    first: readonly string[] = [],
    only: readonly string[] = Object.keys(this.#trunks()),
  ): VoipVerdict {
    const trunks = this.#trunks();
    const known = [...first, ...only].flatMap((name) => {
      const trunk = only.includes(name) ? trunks[name] : undefined;
      return trunk ? [[name, trunk] as const] : [];
    });
    const verdict = voipOnly({ uri }, Object.fromEntries(known));
    if (verdict.ok) return verdict;
    const { code, trunk } = verdict;
    const key = `${by} ${code}`;
    const entry = this.#counts.get(key) ?? { by, code, count: 0 };
    this.#counts.set(key, entry);
    entry.count += 1;
    log.warn({ code, by, trunk }, 'voip-only.refused');
    return verdict;
  }

  /** Refusals since the start. */
  get counts(): readonly { readonly by: SentOnBy; readonly code: VoipRefusal; readonly count: number }[] {
    return [...this.#counts.values()];
  }
}
