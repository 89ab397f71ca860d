import type { Credentials } from './graph-credentials.ts';
import type { Outcome } from './graph-door.ts';
import { invalidParameter } from './graph-refusal.ts';
import { CALLING_FIELDS, type PageState } from './page-state.ts';
import type { SimPlatform } from './relay-leg.ts';
import { isAlive, scopesOf, type TokenState } from './token-state.ts';

/** Fields of a Page beside those of calling; what is in neither list is refused. */
const OTHER_FIELDS = ['messages', 'messaging_postbacks', 'message_deliveries', 'message_reads', 'feed'];
const KNOWN = [...CALLING_FIELDS, ...OTHER_FIELDS];
/** When the app has no id of its own. */
const SOME_APP = '4711';

type Fields = Readonly<Record<string, unknown>>;

/** `POST /{page}/business_messaging_feature_status` */
export function featureStatus(page: PageState, { features }: Fields): Outcome {
  const names = Array.isArray(features) ? features.map((each) => (each as Fields | null)?.['feature']) : [];
  if (names.length === 0 || names.some((name) => name !== 'messenger_api_calling'))
    return { refusal: invalidParameter('features must name messenger_api_calling') };
  const status = page.forms.feature === 'upper' ? page.feature.toUpperCase() : page.feature;
  return { body: { data: [{ feature: 'messenger_api_calling', status }] } };
}

/** `GET /{page}/subscribed_apps`: no app is an empty list. */
export function readSubscriptions(page: PageState, appId = SOME_APP): Outcome {
  const { subscribed } = page;
  const own = { id: appId, name: 'Gateway', subscribed_fields: subscribed };
  return { body: { data: subscribed.length === 0 ? [] : [own] } };
}

/** `POST /{page}/subscribed_apps`: replaces the list. */
export function subscribe(page: PageState, wanted: unknown): Outcome {
  const fields = Array.isArray(wanted) ? wanted : String(wanted ?? '').split(',');
  const unknown = fields.find((field) => !KNOWN.includes(String(field)));
  if (unknown !== undefined)
    return { refusal: invalidParameter(`subscribed_fields has an unknown field (${String(unknown)})`) };
  page.subscribed = fields.map(String);
  return { body: { success: page.forms.subscribed === 'text' ? 'true' : true } };
}

/** `GET /debug_token?input_token=`, asked by the app. A token that is none is told so, not refused. */
export function debugToken(
  {
    accessToken,
    appId = SOME_APP,
    pageId,
    platform,
  }: Credentials & { readonly pageId: string; readonly platform?: SimPlatform | undefined },
  inputToken: unknown,
  token: TokenState,
  nowMs: number,
): Outcome {
  if (typeof inputToken !== 'string' || inputToken === '')
    return { refusal: invalidParameter('The parameter input_token is required') };
  if (inputToken !== accessToken) {
    const error = { code: 190, message: 'Invalid OAuth access token.' };
    return { body: { data: { error, is_valid: false, scopes: [] } } };
  }
  const valid = isAlive(token, nowMs);
  const known = {
    app_id: token.appId ?? appId,
    is_valid: valid,
    // 0: it does not expire by time.
    expires_at: token.expiresAtS ?? 0,
    scopes: scopesOf(token, platform),
    ...(platform === 'whatsapp' ? {} : { profile_id: token.profileId ?? pageId }),
    ...(valid ? {} : { error: { code: 190, message: 'Error validating access token.' } }),
  };
  return { body: { data: known } };
}

/** `GET /{app}/subscriptions` */
export function readAppSubscription({ appSubscription: one }: PageState, platform?: SimPlatform): Outcome {
  if (!one) return { body: { data: [] } };
  const fields = one.fields.map((name) => ({ name, version: 'v26.0' }));
  const object = platform === 'whatsapp' ? 'whatsapp_business_account' : 'page';
  const { callbackUrl, active = true } = one;
  return { body: { data: [{ object, callback_url: callbackUrl, active, fields }] } };
}

/** `POST /{app}/subscriptions`: the URL must answer the handshake. */
export async function writeAppSubscription(
  page: PageState,
  body: Fields,
  handshake: (url: string, verifyToken: string) => Promise<boolean>,
): Promise<Outcome> {
  const { object, callback_url: url, verify_token: token, fields } = body;
  if (object !== 'page') return { refusal: invalidParameter('object must be page here') };
  if (typeof url !== 'string' || typeof token !== 'string' || typeof fields !== 'string')
    return { refusal: invalidParameter('callback_url, verify_token and fields are required') };
  const names = fields.split(',');
  const unknown = names.find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) return { refusal: invalidParameter(`unknown field (${unknown})`) };
  if (!(await handshake(url, token))) {
    const message = "(#2200) The URL couldn't be validated. Response does not match challenge";
    return { refusal: { status: 400, code: 2200, message } };
  }
  page.appSubscription = { callbackUrl: url, fields: names };
  return { body: { success: true } };
}
