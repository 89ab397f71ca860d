import { failureFrom, type GraphFailure } from './failure.ts';
import type { GraphFailureKind } from './failure-table.ts';
import { languageOfProfile, nameOfProfile } from './reply.ts';
import { type GraphRequester, PASSING, RETRY_MS, SPARED } from './requester.ts';

export type ProfileOutcome =
  | { readonly ok: true; readonly name?: string; readonly language?: string }
  | { readonly ok: false; readonly failure: GraphFailure };

/** Look-ups at once: half of the connections, so that slow profiles never keep an accept waiting. */
const MAX_LOOK_UPS = 32;
const FIELDS = ['name,first_name,last_name', 'first_name,last_name', 'first_name'];
/** What fewer fields cannot mend. */
const NO_PROFILE: readonly GraphFailureKind[] = ['credential', 'throttled', 'person', 'page'];

/** Names of consumers, and where wanted their languages, best effort: `GET /{psid}?fields=...`. */
export class Profiles {
  readonly #requester: GraphRequester;
  readonly #withLocale: () => boolean;
  #lookUps = 0;

  /** @param withLocale ask for the language as well; the app needs pages_user_locale, without which one more try is made */
  constructor(requester: GraphRequester, withLocale: () => boolean) {
    this.#requester = requester;
    this.#withLocale = withLocale;
  }

  /** One unreadable field fails the whole request, so fewer are asked then. */
  async lookUp(
    pageId: string,
    psid: string,
    budgetMs: number,
    signal?: AbortSignal,
  ): Promise<ProfileOutcome> {
    if (this.#requester.runsLow(pageId)) return { ok: false, failure: SPARED };
    if (this.#lookUps >= MAX_LOOK_UPS) return { ok: false, failure: BUSY };
    this.#lookUps += 1;
    try {
      return await this.#tryFields(pageId, psid, this.#requester.clock.monotonic() + budgetMs, signal);
    } finally {
      this.#lookUps -= 1;
    }
  }

  async #tryFields(
    pageId: string,
    psid: string,
    untilMs: number,
    signal: AbortSignal | undefined,
  ): Promise<ProfileOutcome> {
    const requester = this.#requester;
    const { clock } = requester;
    const known = this.#withLocale() ? [`${FIELDS[0]},locale`, ...FIELDS] : FIELDS;
    let fields = 0;
    for (let attempt = 0; ; ) {
      const leftMs = untilMs - clock.monotonic();
      if (leftMs <= 0) return { ok: false, failure: NO_TIME };
      const reply = await requester.send({
        pageId,
        action: 'profile',
        path: `/${psid}`,
        query: { fields: known[fields] ?? '' },
        timeoutMs: leftMs,
        ...(signal ? { signal } : {}),
      });
      if (reply.ok) {
        const name = nameOfProfile(reply.body);
        const language = languageOfProfile(reply.body);
        return { ok: true, ...(name ? { name } : {}), ...(language ? { language } : {}) };
      }
      const { failure } = reply;
      if (signal?.aborted || requester.closing) return { ok: false, failure };
      if (PASSING.includes(failure.kind) && failure.kind !== 'throttled') {
        const waitMs = requester.jittered(RETRY_MS[attempt++] ?? Number.POSITIVE_INFINITY);
        // A try that the budget would cut off at once is not worth its quota.
        if (clock.monotonic() + waitMs >= untilMs) return { ok: false, failure };
        await requester.pause(waitMs, signal);
        continue;
      }
      fields += 1;
      if (NO_PROFILE.includes(failure.kind) || fields >= known.length) return { ok: false, failure };
    }
  }
}

const NO_TIME = failureFrom({ kind: 'transient', sipStatus: 503, meaning: 'no time was left' });
const BUSY = failureFrom({ kind: 'transient', sipStatus: 503, meaning: 'not asked: too many look-ups' });
