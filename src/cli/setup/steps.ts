import {
  type AppSubscription,
  CALLING_FIELDS,
  type CallSettings,
  type GraphFailure,
  type TokenFacts,
} from '../../meta/index.ts';
import type { PageContext } from '../page-command.ts';
import { reach } from './reach.ts';
import { type Finding, missing, right, type Step, unknown } from './step.ts';

export interface SetupOptions {
  /** Public webhook URL; unset: the one that the app has at Meta. */
  readonly webhookUrl?: string | undefined;
  /** Whether to ask that URL from here. */
  readonly reach: boolean;
}

/** Meta shows the fields of the app as they are entered in its dashboard too. */
const DASHBOARD = 'at Meta: app dashboard, Webhooks, object Page';

/** All that must be right, in the order in which it can be made right. */
export function setupSteps(context: PageContext, options: SetupOptions): readonly Step[] {
  return [
    tokenStep(context),
    ...webhookSteps(context, options),
    subscriptionStep(context),
    featureStep(context),
    settingStep(
      context,
      'audio',
      { audioEnabled: true },
      'calling is switched off: every call request fails',
    ),
    settingStep(context, 'icon', { iconEnabled: true }, 'consumers see no call icon, and cannot redial'),
    settingStep(
      context,
      'routing',
      { ringTarget: 'PARTNERS' },
      "consumers' calls ring Meta's inbox and never reach the gateway",
    ),
    readBackStep(context),
  ];
}

function tokenStep({ client, page }: PageContext): Step {
  return {
    name: 'token',
    check: async () => {
      const outcome = await client.page.token(page.id);
      return outcome.ok ? tokenFinding(outcome.token, page) : unknown(outcome.failure);
    },
  };
}

function tokenFinding(
  { valid, scopes, expiresAtMs, profileId, appId }: TokenFacts,
  page: PageContext['page'],
): Finding {
  const renew = 'Make a Page token of a system user with pages_messaging and pages_manage_metadata.';
  if (!valid) return missing('Meta does not take the access token', renew);
  if (!scopes.includes('pages_messaging')) return missing('the token lacks pages_messaging', renew);
  if (profileId !== undefined && profileId !== page.id) {
    return missing(
      `the token is for Page ${profileId}`,
      `meta.pages: put the token of Page ${page.id} into its accessToken.`,
    );
  }
  if (appId !== undefined && appId !== page.app) {
    return missing(
      `app ${appId} issued the token`,
      `meta.pages: the Page's app is ${page.app}; name the app that issued the token, with its secret.`,
    );
  }
  const end = expiresAtMs ? `valid until ${new Date(expiresAtMs).toISOString()}` : 'valid without an end';
  const more = scopes.includes('pages_manage_metadata') ? '' : '; lacks pages_manage_metadata, to subscribe';
  return right(`${end}${more}`);
}

/** The URL as it answers, then as the app has it at Meta: Meta asks the URL before it takes it. */
function webhookSteps(
  { client, page, config }: PageContext,
  { webhookUrl, reach: ask }: SetupOptions,
): readonly Step[] {
  const app = config.meta.apps.find(({ id }) => id === page.app);
  const verifyToken = app?.verifyToken ?? '';
  const registered = async (): Promise<AppSubscription | GraphFailure | undefined> => {
    const outcome = await client.page.appSubscriptions(page.id);
    return outcome.ok ? outcome.subscriptions.find(({ object }) => object === 'page') : outcome.failure;
  };
  const none = missing(
    'the app has no webhook URL at Meta',
    `Name it with --webhook-url https://HOST${config.http.webhookPath} (and --apply), or enter it ${DASHBOARD}.`,
  );
  return [
    {
      name: 'reachable',
      check: async () => {
        if (!ask) return right('not asked (--no-reach)');
        if (webhookUrl !== undefined) return reach(webhookUrl, verifyToken);
        const found = await registered();
        if (found && 'kind' in found) return unknown(found);
        return found ? reach(found.callbackUrl, verifyToken) : none;
      },
    },
    {
      name: 'webhook',
      check: async () => {
        const found = await registered();
        if (found && 'kind' in found) return unknown(found);
        if (!found) return none;
        if (webhookUrl !== undefined && found.callbackUrl !== webhookUrl)
          return missing(`Meta posts to ${found.callbackUrl}`, `Enter ${webhookUrl} ${DASHBOARD}.`);
        const lacking = CALLING_FIELDS.filter((field) => !found.fields.includes(field));
        if (lacking.length > 0)
          return missing(`the app lacks ${lacking.join(', ')}`, `Add them ${DASHBOARD}.`);
        return found.active
          ? right(found.callbackUrl)
          : missing('switched off', `Switch it on ${DASHBOARD}.`);
      },
      apply: async () => {
        const found = await registered();
        if (found && 'kind' in found) return found;
        const callbackUrl = webhookUrl ?? found?.callbackUrl;
        if (callbackUrl === undefined) return undefined;
        const fields = [...new Set([...(found?.fields ?? []), ...CALLING_FIELDS])];
        const outcome = await client.page.subscribeApp(page.id, { callbackUrl, verifyToken, fields });
        return outcome.ok ? undefined : outcome.failure;
      },
    },
  ];
}

function subscriptionStep({ client, page }: PageContext): Step {
  return {
    name: 'subscription',
    check: async () => {
      const outcome = await client.page.subscriptions(page.id);
      if (!outcome.ok) return unknown(outcome.failure);
      const own = outcome.apps.find(({ id }) => id === page.app);
      if (!own) return missing('the app is not subscribed to the Page');
      const lacking = CALLING_FIELDS.filter((field) => !own.fields.includes(field));
      return lacking.length > 0 ? missing(`lacks ${lacking.join(', ')}`) : right(own.fields.join(', '));
    },
    apply: async () => {
      const outcome = await client.page.subscribe(page.id);
      return outcome.ok ? undefined : outcome.failure;
    },
  };
}

function featureStep({ client, page }: PageContext): Step {
  return {
    name: 'feature',
    check: async () => {
      const outcome = await client.page.feature(page.id);
      if (!outcome.ok) return unknown(outcome.failure);
      if (outcome.enabled) return right('messenger_api_calling is enabled');
      return missing(
        `messenger_api_calling is ${outcome.status || 'not told'}`,
        'Meta grants it: the app needs Advanced Access to pages_messaging, and the Page a country with calling.',
      );
    },
  };
}

function settingStep({ client, page }: PageContext, name: string, wanted: CallSettings, why: string): Step {
  return {
    name,
    check: async () => {
      const outcome = await client.settings.get(page.id);
      if (!outcome.ok) return unknown(outcome.failure);
      const [key, value] = Object.entries(wanted)[0] as [keyof CallSettings, unknown];
      const found = outcome.settings[key];
      if (found === value) return right(value === true ? 'on' : String(value));
      return missing(found === undefined ? `Meta does not tell it: ${why}` : why);
    },
    apply: async () => {
      const outcome = await client.settings.set(page.id, wanted);
      return outcome.failure;
    },
  };
}

/** Meta says yes to what it then has not: all of it is asked for once more. */
function readBackStep({ client, page }: PageContext): Step {
  return {
    name: 'read-back',
    check: async () => {
      const [settings, subscriptions] = await Promise.all([
        client.settings.get(page.id),
        client.page.subscriptions(page.id),
      ]);
      if (!settings.ok) return unknown(settings.failure);
      if (!subscriptions.ok) return unknown(subscriptions.failure);
      const { audioEnabled, iconEnabled, ringTarget } = settings.settings;
      const fields = subscriptions.apps.find(({ id }) => id === page.app)?.fields ?? [];
      const wrong = [
        ...(audioEnabled ? [] : ['audio']),
        ...(iconEnabled ? [] : ['icon']),
        ...(ringTarget === 'PARTNERS' ? [] : ['routing']),
        ...(CALLING_FIELDS.every((field) => fields.includes(field)) ? [] : ['subscription']),
      ];
      return wrong.length === 0
        ? right('settings and subscription are as wanted')
        : missing(
            `not as wanted: ${wrong.join(', ')}`,
            'Mend the steps above; if they were right, somebody changed them.',
          );
    },
  };
}
