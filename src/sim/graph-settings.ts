import type { Outcome } from './graph-door.ts';
import { invalidParameter, type Refusal } from './graph-refusal.ts';
import type { Hours, PageSettings, PageState } from './page-state.ts';

const FIELDS = ['audio_enabled', 'icon_enabled', 'video_enabled', 'call_routing', 'call_hours'];
const FLAGS = ['audio_enabled', 'icon_enabled', 'video_enabled'] as const;
const DAYS = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'];

/** `GET /{page}/messenger_call_settings?fields=`; without fields: all. */
export function readSettings(page: PageState, fieldsQuery: unknown): Outcome {
  const fields = typeof fieldsQuery === 'string' && fieldsQuery !== '' ? fieldsQuery.split(',') : FIELDS;
  const unknown = fields.find((field) => !FIELDS.includes(field));
  if (unknown) return { refusal: invalidParameter(`Tried accessing nonexisting field (${unknown})`) };
  const { forms } = page;
  const row = Object.fromEntries(
    Object.entries(settingsRow(page.settings, forms.routing === 'text'))
      .filter(([field, value]) => fields.includes(field) && value !== undefined)
      .map(([field, value]) => [field === 'video_enabled' ? (forms.video ?? field) : field, value]),
  );
  return { body: forms.settings === 'flat' ? row : { data: [row] } };
}

/** As Meta spells them; the webhook has routing as text. */
export function settingsRow(
  { ring_target, ...flags }: PageSettings,
  routingAsText: boolean,
): Record<string, unknown> {
  return { ...flags, call_routing: routingAsText ? ring_target : { ring_target } };
}

/** `POST /{page}/messenger_call_settings`: any subset; one bad field, and nothing is written. */
export function writeSettings(page: PageState, body: Readonly<Record<string, unknown>>): Outcome {
  const unknown = Object.keys(body).find((key) => !FIELDS.includes(key));
  if (unknown) return { refusal: invalidParameter(`Unknown parameter ${unknown}`) };
  if (Object.keys(body).length === 0)
    return { refusal: invalidParameter('At least one setting is required') };
  const flag = FLAGS.find((key) => body[key] !== undefined && typeof body[key] !== 'boolean');
  if (flag) return { refusal: invalidParameter(`${flag} must be a boolean`) };
  const refusal = routingRefusal(page, body['call_routing']) ?? hoursRefusal(body['call_hours']);
  if (refusal) return { refusal };
  const { call_routing: routing, ...rest } = body;
  page.settings = {
    ...page.settings,
    ...(rest as Partial<PageSettings>),
    ...(routing
      ? { ring_target: (routing as { ring_target: PageSettings['ring_target'] }).ring_target }
      : {}),
  };
  return { body: page.forms.settingsDone === 'success' ? { success: true } : { result: 'success' } };
}

function routingRefusal(page: PageState, routing: unknown): Refusal | undefined {
  if (routing === undefined) return undefined;
  const target = isObject(routing) ? routing['ring_target'] : undefined;
  if (target !== 'META' && target !== 'PARTNERS')
    return invalidParameter('call_routing.ring_target must be META or PARTNERS');
  if (target === 'PARTNERS' && !page.tells('calls'))
    return invalidParameter('The Page must be subscribed to calls before calls are routed to partners');
  return undefined;
}

function hoursRefusal(hours: unknown): Refusal | undefined {
  if (hours === undefined) return undefined;
  const { timezone_id: zone, weekly_operating_hours: weekly } = isObject(hours) ? hours : {};
  if (typeof zone !== 'string' || !isZone(zone)) return invalidParameter('call_hours.timezone_id is invalid');
  if (!Array.isArray(weekly)) return invalidParameter('call_hours.weekly_operating_hours is required');
  const seen = new Set<unknown>();
  for (const each of weekly as Hours['weekly_operating_hours']) {
    const { day_of_week: day, open_time: open, close_time: close } = each;
    if (!DAYS.includes(day)) return invalidParameter('day_of_week is invalid');
    if (seen.has(day)) return invalidParameter('A day of the week may be given once');
    seen.add(day);
    if (![open, close].every((time) => typeof time === 'string' && /^([01]\d|2[0-3])[0-5]\d$/.test(time)))
      return invalidParameter('open_time and close_time must be HHMM');
    if (close <= open) return invalidParameter('close_time must be after open_time');
  }
  return undefined;
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return name.includes('/') || name === 'UTC';
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
