import type { Person, WhenCalled } from './consumers.ts';
import { FAULT_ACTIONS, FAULT_KINDS, type Fault, type ReplyForm } from './faults.ts';
import { MEDIA_FAULTS } from './media-fault.ts';
import { MUTE_FORMS } from './meta-sdp.ts';
import { PAGE_FORMS, type PageForms, type PageState } from './page-state.ts';
import type { Profile } from './profile.ts';
import type { NewCall } from './simulator.ts';
import type { TokenState } from './token-state.ts';
import type { DeliveryOptions } from './webhook-body.ts';
import type { CallDelivery, FlushOptions } from './webhooks.ts';

/** JSON Schemas (draft 7) of the control API's bodies: what is misspelt or wrongly typed is told, not left out. */
export const object = <T extends object>(
  properties: Record<keyof T, object>,
  required: readonly (keyof T)[] = [],
) => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
});
/** No body is an empty one. */
const optional = (schema: object) => ({ anyOf: [{ type: 'null' }, schema] });

export const flag = { type: 'boolean' };
export const text = { type: 'string', minLength: 1 };
const percent = { type: 'number', minimum: 0, maximum: 100 };
export const ms = { type: 'number', minimum: 0, maximum: 3_600_000 };
const code = { type: 'integer', minimum: 0 };

const deliveryFields: Record<keyof DeliveryOptions, object> = {
  copies: { type: 'integer', minimum: 1, maximum: 100 },
  delayMs: ms,
  after: { enum: ['connect', 'ringing', 'accepted', 'rejected', 'media_update', 'terminate'] },
  changesForm: { enum: [true, false, 'bare'] },
  numericIds: flag,
  millisecondTimestamps: flag,
  drop: flag,
  withoutDirection: flag,
  legacySdp: flag,
  bareLf: flag,
  actpassAnswer: flag,
  oddStatus: flag,
};

const delivery = object<CallDelivery>({
  ...deliveryFields,
  connect: object<DeliveryOptions>(deliveryFields),
  ringing: object<DeliveryOptions>(deliveryFields),
  accepted: object<DeliveryOptions>(deliveryFields),
  rejected: object<DeliveryOptions>(deliveryFields),
  media_update: object<DeliveryOptions>(deliveryFields),
  terminate: object<DeliveryOptions>(deliveryFields),
});

const reply = object<ReplyForm>({
  withoutRenegotiation: flag,
  withoutSdp: flag,
  otherUfrag: flag,
  bumpVersion: flag,
  sdpAsString: flag,
  sdpAsJson: flag,
  sessionAsString: flag,
  telephoneEvent: flag,
  callId: { enum: ['id', 'call_id', 'both'] },
});

/** A call with everything that may be odd about it, and who calls. */
export type CallBody = Partial<Omit<NewCall, 'opaque'>> & Partial<Profile> & { readonly psid?: string };

export const CALL = object<CallBody>({
  psid: { type: 'string', pattern: '^\\d{1,20}$' },
  name: text,
  refused: { enum: ['unavailable', 'forbidden'] },
  locale: text,
  withheld: { type: 'array', items: text },
  pageId: { type: 'string', pattern: '^\\d{1,20}$' },
  toneHz: { type: 'number', minimum: 50, maximum: 7_000 },
  dtx: flag,
  fec: flag,
  lossPercent: percent,
  jitterMs: { type: 'number', minimum: 0, maximum: 1_000 },
  reorderPercent: percent,
  duplicatePercent: percent,
  loseDtmfEnds: flag,
  muted: flag,
  mediaFault: { enum: MEDIA_FAULTS },
  acceptWindowMs: ms,
  delivery,
  reply,
  silenceDropMs: object<NonNullable<NewCall['silenceDropMs']>>({ start: ms, later: ms }, ['start', 'later']),
});

export const CALL_BODY = optional(CALL);

const whenCalled = object<WhenCalled>({
  ringAfterMs: ms,
  does: { enum: ['answer', 'decline', 'ignore'] },
  afterMs: ms,
});

/** Somebody whom the business may call, and what they do then. */
export interface ConsumerBody extends Omit<Person, 'profile'>, Partial<Profile> {
  /** true: lets the Page call for 7 days; false: no more. */
  readonly permission?: boolean;
}

export const CONSUMER_BODY = object<ConsumerBody>(
  {
    psid: { type: 'string', pattern: '^\\d{1,20}$' },
    name: text,
    refused: { enum: ['unavailable', 'forbidden'] },
    locale: text,
    withheld: { type: 'array', items: text },
    whenCalled,
    whenAsked: object<NonNullable<Person['whenAsked']>>(
      { does: { enum: ['approve', 'reject', 'ignore'] }, afterMs: ms },
      ['does'],
    ),
    windowClosed: flag,
    permission: flag,
  },
  ['psid'],
);

export interface DtmfBody {
  readonly digits: string;
}

export const DTMF_BODY = object<DtmfBody>({ digits: { type: 'string', pattern: '^[0-9*#]+$' } }, ['digits']);

export interface MuteBody {
  readonly muted: boolean;
  /** How it looks in the media_update. */
  readonly form?: (typeof MUTE_FORMS)[number];
}

export const MUTE_BODY = object<MuteBody>({ muted: flag, form: { enum: MUTE_FORMS } }, ['muted']);

export interface VideoBody {
  /** Beside the voice's line, or before it, which moves the voice to another; null: off. */
  readonly video: 'beside' | 'moved' | null;
}

export const VIDEO_BODY = object<VideoBody>({ video: { enum: ['beside', 'moved', null] } }, ['video']);

export const FAULT_BODY = object<Fault>(
  {
    kind: { enum: FAULT_KINDS },
    action: { enum: FAULT_ACTIONS },
    times: { type: 'integer', minimum: 1, maximum: 1_000_000 },
    code,
    subcode: code,
    text: { type: 'string' },
    httpStatus: { type: 'integer', minimum: 200, maximum: 599 },
    delayMs: ms,
  },
  ['kind'],
);

/** What is changed about the Page. */
export interface PageBody {
  readonly audioEnabled?: boolean;
  readonly ringTarget?: 'META' | 'PARTNERS';
  /** Fields that the app is subscribed to, as when Meta forgot it. */
  readonly subscribed?: readonly string[];
  readonly feature?: string;
  readonly forms?: PageForms;
  /** null: no usage headers. */
  readonly usage?: { readonly percent: number; readonly regainMinutes: number } | null;
  /** What Meta thinks of the token from now on; what is not named is as at the start. */
  readonly token?: TokenState;
  /** Where the app's webhooks go, for `GET /{app}/subscriptions`. */
  readonly webhook?: NonNullable<PageState['appSubscription']>;
  /** How far Meta's clock is ahead, ms. */
  readonly clockAheadMs?: number;
}

const forms = object<PageForms>(
  Object.fromEntries(Object.entries(PAGE_FORMS).map(([name, values]) => [name, { enum: values }])) as Record<
    keyof PageForms,
    object
  >,
);

export const PAGE_BODY = object<PageBody>({
  audioEnabled: flag,
  ringTarget: { enum: ['META', 'PARTNERS'] },
  subscribed: { type: 'array', items: text },
  feature: text,
  forms,
  usage: optional(
    object<NonNullable<PageBody['usage']>>(
      { percent: { type: 'integer', minimum: 0 }, regainMinutes: { type: 'integer', minimum: 0 } },
      ['percent', 'regainMinutes'],
    ),
  ),
  token: object<TokenState>({
    valid: flag,
    expiresAtS: { type: 'integer', minimum: 0 },
    scopes: { type: 'array', items: text },
    profileId: text,
    appId: text,
  }),
  webhook: object<NonNullable<PageBody['webhook']>>(
    { callbackUrl: text, fields: { type: 'array', items: text }, active: flag },
    ['callbackUrl', 'fields'],
  ),
  clockAheadMs: { type: 'integer', minimum: -1e12, maximum: 1e12 },
});

export const FLUSH = object<FlushOptions>({ reversed: flag, grouped: flag });
export const FLUSH_BODY = optional(FLUSH);
