import { failureFrom, type GraphFailure } from './failure.ts';
import { idOf, isObject, type Json, type JsonObject, listOf, timeMsOf, wordOf } from './json.ts';
import type { AcceptTimeout, GraphRequester, PageRequest } from './requester.ts';
import { CALLING_FIELDS, type FeatureStatusRequest } from './wire-page.ts';

type Failed = { readonly ok: false; readonly failure: GraphFailure };

/** `enabled`: Meta said so in any case; `status` is its word in lower case, empty when it said nothing. */
export type FeatureOutcome =
  | { readonly ok: true; readonly enabled: boolean; readonly status: string }
  | Failed;

export interface SubscribedApp {
  readonly id: string;
  readonly name?: string;
  readonly fields: readonly string[];
}

export type SubscriptionsOutcome = { readonly ok: true; readonly apps: readonly SubscribedApp[] } | Failed;

/** `fields`: what the app is subscribed to now, as it was written. */
export type SubscribeOutcome = { readonly ok: true; readonly fields: readonly string[] } | Failed;

export interface TokenFacts {
  readonly valid: boolean;
  /** Milliseconds since the epoch; absent: it does not expire by time. */
  readonly expiresAtMs?: number;
  readonly scopes: readonly string[];
  /** Id of the Page that it speaks for. */
  readonly profileId?: string;
  readonly appId?: string;
}

export type TokenOutcome = { readonly ok: true; readonly token: TokenFacts } | Failed;

/** Where the app's webhooks go. */
export interface AppSubscription {
  readonly object: string;
  readonly callbackUrl: string;
  readonly active: boolean;
  readonly fields: readonly string[];
}

export type AppSubscriptionsOutcome =
  | { readonly ok: true; readonly subscriptions: readonly AppSubscription[] }
  | Failed;

/** What must be right about a Page and its app before a call can come. All of it may be asked and written again. */
export class PageApi {
  readonly #requester: GraphRequester;
  readonly #timeouts: AcceptTimeout;

  /** @param timeouts `acceptMs` is that of one try */
  constructor(requester: GraphRequester, timeouts: AcceptTimeout) {
    this.#requester = requester;
    this.#timeouts = timeouts;
  }

  /** `POST /{page}/business_messaging_feature_status`: whether the Page has `messenger_api_calling`. */
  async feature(pageId: string): Promise<FeatureOutcome> {
    const body: FeatureStatusRequest = { features: [{ feature: 'messenger_api_calling' }] };
    const reply = await this.#ask(pageId, 'feature', `/${pageId}/business_messaging_feature_status`, {
      body,
    });
    if (!reply.ok) return reply;
    const rows = (listOf(reply.body['data']) ?? []).filter(isObject);
    const row = rows.find((each) => wordOf(each['feature']) === 'messenger_api_calling');
    const status = wordOf(row?.['status']);
    return { ok: true, enabled: status === 'enabled', status };
  }

  /** `GET /{page}/subscribed_apps`; an app sees itself. */
  async subscriptions(pageId: string): Promise<SubscriptionsOutcome> {
    const reply = await this.#ask(pageId, 'subscriptions', `/${pageId}/subscribed_apps`, {});
    if (!reply.ok) return reply;
    const apps = (listOf(reply.body['data']) ?? []).filter(isObject).flatMap((app) => {
      const id = idOf(app['id']);
      if (id === undefined) return [];
      const { name } = app;
      return [
        { id, ...(typeof name === 'string' ? { name } : {}), fields: textsOf(app['subscribed_fields']) },
      ];
    });
    return { ok: true, apps };
  }

  /**
   * `POST /{page}/subscribed_apps` with what calling needs, and with every field that this app has already: Meta
   * replaces the list. Nothing is written when the list cannot be read first, or when it is not known whose it is.
   */
  async subscribe(pageId: string, fields: readonly string[] = CALLING_FIELDS): Promise<SubscribeOutcome> {
    const before = await this.subscriptions(pageId);
    if (!before.ok) return before;
    const appId = this.#requester.credentials(pageId)?.appId;
    const own = before.apps.filter(({ id }) => appId === undefined || id === appId);
    if (own.length > 1) return { ok: false, failure: WHICH_APP };
    const all = [...new Set([...(own[0]?.fields ?? []), ...fields])];
    const reply = await this.#ask(pageId, 'subscribe', `/${pageId}/subscribed_apps`, {
      method: 'POST',
      query: { subscribed_fields: all.join(',') },
    });
    return reply.ok ? { ok: true, fields: all } : reply;
  }

  /** `GET /debug_token` with the app's own token: what Meta thinks of the Page's token. */
  async token(pageId: string): Promise<TokenOutcome> {
    const held = this.#requester.credentials(pageId);
    if (!held) return { ok: false, failure: NO_APP };
    const reply = await this.#ask(pageId, 'debug-token', '/debug_token', {
      byApp: true,
      query: { input_token: held.accessToken },
    });
    if (!reply.ok) return reply;
    const data = isObject(reply.body['data']) ? reply.body['data'] : reply.body;
    const expiresAtMs = timeMsOf(data['expires_at']);
    const [profileId, appId] = [idOf(data['profile_id']), idOf(data['app_id'])];
    return {
      ok: true,
      token: {
        valid: data['is_valid'] === true,
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
        scopes: textsOf(data['scopes']),
        ...(profileId === undefined ? {} : { profileId }),
        ...(appId === undefined ? {} : { appId }),
      },
    };
  }

  /** `GET /{app}/subscriptions` with the app's own token: where the webhooks of the Page's app go. */
  async appSubscriptions(pageId: string): Promise<AppSubscriptionsOutcome> {
    const appId = this.#requester.credentials(pageId)?.appId;
    if (appId === undefined) return { ok: false, failure: NO_APP };
    const reply = await this.#ask(pageId, 'app-subscriptions', `/${appId}/subscriptions`, { byApp: true });
    if (!reply.ok) return reply;
    return {
      ok: true,
      subscriptions: (listOf(reply.body['data']) ?? []).filter(isObject).map((row) => ({
        object: wordOf(row['object']),
        callbackUrl: typeof row['callback_url'] === 'string' ? row['callback_url'] : '',
        active: row['active'] !== false,
        // Names, or `{ name, version }`.
        fields: textsOf(row['fields']),
      })),
    };
  }

  /**
   * `POST /{app}/subscriptions` for the object `page`; Meta calls the URL back with the verify token at once.
   *
   * @param fields all that the app wants of every Page: Meta may replace the list
   */
  async subscribeApp(
    pageId: string,
    wanted: {
      readonly callbackUrl: string;
      readonly verifyToken: string;
      readonly fields: readonly string[];
    },
  ): Promise<SubscribeOutcome> {
    const appId = this.#requester.credentials(pageId)?.appId;
    if (appId === undefined) return { ok: false, failure: NO_APP };
    const { callbackUrl, verifyToken, fields } = wanted;
    const body = {
      object: 'page',
      callback_url: callbackUrl,
      verify_token: verifyToken,
      fields: fields.join(','),
    };
    const reply = await this.#ask(pageId, 'app-subscribe', `/${appId}/subscriptions`, { byApp: true, body });
    return reply.ok ? { ok: true, fields } : reply;
  }

  #ask(
    pageId: string,
    action: string,
    path: string,
    more: Pick<PageRequest, 'body' | 'byApp' | 'method' | 'query'>,
  ): Promise<{ readonly ok: true; readonly body: JsonObject } | Failed> {
    return this.#requester.repeat({ pageId, action, path, timeoutMs: this.#timeouts.acceptMs, ...more });
  }
}

/** Names in a list, or in the `name` of its objects. */
function textsOf(value: Json | undefined): string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[])
    .map((each) => (isObject(each) ? each['name'] : each))
    .filter((each) => typeof each === 'string');
}

const NO_APP = failureFrom({
  kind: 'credential',
  sipStatus: 500,
  meaning: 'the app of the Page has no id or secret here',
  remedy: 'Name the app of the Page under meta.apps, with its secret.',
});
const WHICH_APP = failureFrom({
  kind: 'invalid',
  sipStatus: 500,
  meaning: 'not sent: several apps are subscribed and none of them is known to be ours',
  remedy: 'Name the app of the Page under meta.apps by its id at Meta.',
});
