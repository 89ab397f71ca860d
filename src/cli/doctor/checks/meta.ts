import type { GatewayConfig } from '../../../config/index.ts';
import { CALLING_FIELDS, type CallSettings, type GraphFailure } from '../../../meta/index.ts';
import type { Check } from '../check.ts';
import { type AccountFact, isUnknown } from '../facts.ts';
import { type Finding, failing, fine, skipped, warned } from '../finding.ts';
import type { CheckId } from '../ids.ts';
import { unheard } from '../unheard.ts';
import { ACCOUNTS, ASKED } from './reach.ts';

const DAY_MS = 86_400_000;
/** Time to make another token, ms. */
const SOON_MS = 7 * DAY_MS;
const APPLY = 'Run msgw setup --apply, or change it in the settings of the Page.';
const NEW_TOKEN =
  'Make a token of a system user, which does not end by time, and put it where accessToken says.';

/** A check of each Page and number, of which Meta said something. @param nowMs milliseconds since the epoch */
type Judge = (account: AccountFact, config: GatewayConfig, nowMs: number) => Finding;

/** What Meta says of the app, the token, the Page and its settings. */
export function metaChecks(nowMs: number): readonly Check[] {
  return Object.entries(JUDGES).map(([id, judge]) => ({
    id: id as CheckId,
    needs: ['accounts'],
    reads: { whole: ASKED, parts: ACCOUNTS },
    judge: ({ accounts }, config) => {
      if (isUnknown(accounts)) return [unheard(accounts)];
      return accounts.map((account) => ({ ...judge(account, config, nowMs), about: account.id }));
    },
  }));
}

const JUDGES: Readonly<Partial<Record<CheckId, Judge>>> = {
  'app-secret': ({ token, app }) => {
    if (token.ok) return fine(`app ${app} is who it says`);
    if (token.failure.kind !== 'credential') return couldNotSay(token.failure);
    return failing(
      `Meta does not take the credentials of app ${app}: ${token.failure.message}`,
      token.failure.remedy?.includes('proof')
        ? token.failure.remedy
        : 'Copy id and secret of the app from its dashboard (Settings, Basic) to meta.apps; leave meta.sendAppSecretProof on.',
    );
  },
  token: ({ token }) => {
    if (!token.ok) return unjudged('app-secret', token.failure);
    return token.token.valid
      ? fine('valid')
      : failing('Meta does not take the access token: it ended, or was taken back', NEW_TOKEN);
  },
  'token-owner': ({ id, app, token }) => {
    const facts = token.ok && token.token.valid ? token.token : undefined;
    if (!facts) return skipped('see app-secret and token');
    if (facts.profileId !== undefined && facts.profileId !== id) {
      const remedy = `Put the token of Page ${id} into its accessToken, or write the id of the other one.`;
      return failing(`the token is of Page ${facts.profileId}`, remedy);
    }
    if (facts.appId !== undefined && facts.appId !== app) {
      const remedy = `Name the app that issued the token, with its secret, in meta.apps, and as app of ${id}.`;
      return failing(`app ${facts.appId} issued the token, not ${app}: its webhooks go elsewhere`, remedy);
    }
    return fine('of this Page and app');
  },
  'token-scopes': ({ token, platform }) => {
    const facts = token.ok && token.token.valid ? token.token : undefined;
    if (!facts) return skipped('see app-secret and token');
    const needed = platform === 'messenger' ? 'pages_messaging' : 'whatsapp_business_messaging';
    const remedy = 'Make the token anew with the permission; the app needs Advanced Access to it.';
    if (!facts.scopes.includes(needed))
      return failing(`the token lacks ${needed}: no call can be made`, remedy);
    if (platform === 'messenger' && !facts.scopes.includes('pages_manage_metadata'))
      return warned('the token lacks pages_manage_metadata: the Page cannot be subscribed', remedy);
    return fine(facts.scopes.join(', '));
  },
  'token-expiry': ({ token }, _config, nowMs) => {
    const facts = token.ok && token.token.valid ? token.token : undefined;
    if (!facts) return skipped('see app-secret and token');
    const { expiresAtMs } = facts;
    if (expiresAtMs === undefined) return fine('without an end');
    const at = new Date(expiresAtMs).toISOString();
    return expiresAtMs - nowMs < SOON_MS ? warned(`the token ends at ${at}`, NEW_TOKEN) : fine(`until ${at}`);
  },
  feature: (account) => {
    const { feature } = account;
    if (!feature) return skipped(NUMBER);
    if (!feature.ok) return explained(account, feature.failure);
    if (feature.enabled) return fine('messenger_api_calling is enabled');
    return failing(
      `messenger_api_calling is ${feature.status || 'not told'}`,
      'Meta grants it: the app needs Advanced Access to pages_messaging, and the Page a country with calling.',
    );
  },
  audio: (account) =>
    ofSettings(account, ({ audioEnabled }) =>
      audioEnabled === true
        ? fine('on')
        : failing('calling is switched off: every call request fails', APPLY),
    ),
  icon: (account) =>
    ofSettings(account, ({ iconEnabled }) =>
      iconEnabled === true
        ? fine('shown')
        : warned('consumers see no call icon, and cannot call back; prompts and buttons still work', APPLY),
    ),
  'ring-target': (account) =>
    ofSettings(account, ({ ringTarget }) =>
      ringTarget === 'PARTNERS'
        ? fine('PARTNERS')
        : failing("consumers' calls ring Meta's inbox and never reach the gateway", APPLY),
    ),
  'call-hours': (account) =>
    ofSettings(account, ({ callHours }) => {
      if (!callHours) return fine('none are set: always');
      if (callHours.weekly.length > 0)
        return fine(`${callHours.weekly.length} days, ${callHours.timezoneId ?? 'no zone'}`);
      const remedy = 'Write hours with msgw settings set: a day that is not listed is closed.';
      return warned('the list of hours is empty: Meta does not say whether that is always or never', remedy);
    }),
  subscription: (account) => {
    const { subscriptions, app } = account;
    if (!subscriptions) return skipped(NUMBER);
    if (!subscriptions.ok) return explained(account, subscriptions.failure);
    const own = subscriptions.apps.find(({ id }) => id === app);
    if (!own) return failing(`app ${app} is not subscribed to the Page: no webhook comes`, SUBSCRIBE);
    const lacking = CALLING_FIELDS.filter((field) => !own.fields.includes(field));
    return lacking.length === 0
      ? fine(own.fields.join(', '))
      : (lacking.includes('calls') ? failing : warned)(`lacks ${lacking.join(', ')}`, SUBSCRIBE);
  },
  webhook: ({ appSubscriptions, app, platform }) => {
    if (!appSubscriptions.ok) return unjudged('app-secret', appSubscriptions.failure);
    const isPage = platform === 'messenger';
    const object = isPage ? 'page' : 'whatsapp_business_account';
    const found = appSubscriptions.subscriptions.find((each) => each.object === object);
    const enter = `Enter it at Meta: app dashboard, Webhooks, ${object}${isPage ? '; or msgw setup --webhook-url URL --apply' : ''}.`;
    if (!found) return failing(`app ${app} has no webhook URL for ${object}`, enter);
    if (!found.active) return failing(`the webhook of ${object} is switched off at Meta`, enter);
    const wanted: readonly string[] = isPage ? CALLING_FIELDS : ['calls', 'messages'];
    const lacking = wanted.filter((field) => !found.fields.includes(field));
    if (lacking.length === 0) return fine(found.callbackUrl);
    const add = `Add them at Meta: app dashboard, Webhooks, ${object}.`;
    return (lacking.includes('calls') ? failing : warned)(
      `the app lacks the fields ${lacking.join(', ')}`,
      add,
    );
  },
};

const SUBSCRIBE = 'Run msgw setup --apply.';
const NUMBER = 'Meta has it for Pages only';

function ofSettings(account: AccountFact, judge: (settings: CallSettings) => Finding): Finding {
  const { settings } = account;
  if (!settings) return skipped(NUMBER);
  return settings.ok ? judge(settings.settings) : explained(account, settings.failure);
}

/** A question in the Page's name was refused: is the token the reason, another check says so already. */
function explained({ id, app, token }: AccountFact, failure: GraphFailure): Finding {
  if (!token.ok) return unjudged('app-secret', failure);
  const { valid, profileId = id, appId = app, scopes } = token.token;
  if (!valid) return unjudged('token', failure);
  if (profileId !== id || appId !== app) return unjudged('token-owner', failure);
  if (!scopes.includes('pages_messaging')) return unjudged('token-scopes', failure);
  return couldNotSay(failure);
}

const unjudged = (see: CheckId, { message }: GraphFailure): Finding => skipped(`${message}: see ${see}`);

const couldNotSay = ({ message, remedy }: GraphFailure): Finding =>
  warned(`Meta did not say: ${message}`, remedy ?? 'Run it again.');
