import { failureFrom, type GraphFailure } from './failure.ts';
import type { AcceptTimeout, GraphRequester } from './requester.ts';
import { type CallSettings, differences, settingsOfReply } from './settings.ts';
import { type SettingsProblem, settingsRequest } from './settings-check.ts';
import { SETTINGS_FIELDS } from './wire-page.ts';

export type SettingsOutcome =
  | { readonly ok: true; readonly settings: CallSettings }
  | { readonly ok: false; readonly failure: GraphFailure };

/**
 * `verified`: Meta was asked again and has what was written. Otherwise `differs` names what it has not (all of it when
 * it could not be asked: `failure`).
 */
export type SetSettingsOutcome =
  | {
      readonly ok: true;
      readonly verified: boolean;
      readonly differs: readonly (keyof CallSettings)[];
      /** As read back. */
      readonly settings?: CallSettings;
      readonly failure?: GraphFailure;
    }
  | {
      readonly ok: false;
      readonly failure: GraphFailure;
      /** It was not sent because of these. */
      readonly problems?: readonly SettingsProblem[];
    };

/** `/{page}/messenger_call_settings`. Reading and writing may both be repeated: the same is written again. */
export class SettingsApi {
  readonly #requester: GraphRequester;
  readonly #timeouts: AcceptTimeout;

  /** @param timeouts `acceptMs` is that of one try */
  constructor(requester: GraphRequester, timeouts: AcceptTimeout) {
    this.#requester = requester;
    this.#timeouts = timeouts;
  }

  async get(pageId: string): Promise<SettingsOutcome> {
    const reply = await this.#requester.repeat({
      ...this.#request(pageId, 'settings'),
      query: { fields: SETTINGS_FIELDS.join(',') },
    });
    return reply.ok ? { ok: true, settings: settingsOfReply(reply.body) } : reply;
  }

  /** Writes what is named and leaves the rest, then reads it back. */
  async set(pageId: string, change: CallSettings): Promise<SetSettingsOutcome> {
    const wanted = settingsRequest(change);
    if (!wanted.ok) return { ok: false, failure: NOT_SENT, problems: wanted.error };
    const reply = await this.#requester.repeat({
      ...this.#request(pageId, 'set-settings'),
      body: wanted.value,
    });
    if (!reply.ok) return reply;
    const read = await this.get(pageId);
    if (!read.ok) {
      const all = Object.keys(change) as (keyof CallSettings)[];
      return { ok: true, verified: false, differs: all, failure: read.failure };
    }
    const differs = differences(change, read.settings);
    return { ok: true, verified: differs.length === 0, differs, settings: read.settings };
  }

  #request(
    pageId: string,
    action: string,
  ): { readonly pageId: string; readonly action: string; readonly path: string; readonly timeoutMs: number } {
    return { pageId, action, path: `/${pageId}/messenger_call_settings`, timeoutMs: this.#timeouts.acceptMs };
  }
}

const NOT_SENT = failureFrom({
  kind: 'invalid',
  sipStatus: 500,
  meaning: 'not sent: Meta would refuse the settings, or take them otherwise than meant',
});
