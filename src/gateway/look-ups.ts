import type { CallFacts } from '../call/index.ts';
import type { CallsApi } from '../meta/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { ProfileCache } from '../store/index.ts';

export interface LookUpsOptions {
  readonly api: (pageId: string) => Pick<CallsApi, 'profile'>;
  readonly profiles: ProfileCache;
  readonly clock: Pick<Clock, 'now'>;
}

/** Calls that wait for the profile of their caller before they can be routed, each at most as long as the client lets it. */
export class LookUps {
  readonly #options: LookUpsOptions;
  readonly #calls = new Set<string>();

  constructor(options: LookUpsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#calls.size;
  }

  has(callId: string): boolean {
    return this.#calls.has(callId);
  }

  /** WhatsApp tells no more of anybody than its webhook. */
  isNeeded({ platform, pageId, psid }: CallFacts): boolean {
    const { profiles, clock } = this.#options;
    return platform.name === 'messenger' && !profiles.get(pageId, psid, clock.now());
  }

  /** Resolves with the name, empty when Meta does not tell it: it is not asked for again in this call. */
  async ask({ callId, pageId, psid }: CallFacts, log: Log): Promise<string> {
    const { api, profiles, clock } = this.#options;
    this.#calls.add(callId);
    try {
      const outcome = await api(pageId).profile(pageId, psid);
      if (outcome.ok) profiles.set(pageId, psid, outcome, clock.now());
      else log.info({ failure: outcome.failure.message }, 'meta.no-profile');
      return (outcome.ok ? outcome.name : undefined) ?? '';
    } finally {
      this.#calls.delete(callId);
    }
  }
}
