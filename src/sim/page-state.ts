import type { TokenState } from './token-state.ts';

/** Switches for every form of a good reply that Meta's pages show; the first of each is the reference's. */
export const PAGE_FORMS = {
  /** Envelope of the settings: `{ data: [..] }` or flat. */
  settings: ['data', 'flat'],
  /** Word of a setting that was written: `result: success` or `success: true`. */
  settingsDone: ['result', 'success'],
  /** `call_routing` as `{ ring_target }` or as text. */
  routing: ['object', 'text'],
  /** Name of the video flag; older SDKs say `video`. */
  video: ['video_enabled', 'video'],
  /** Where a settings webhook sits, and how it names the Page. */
  settingsHook: ['entry', 'number', 'recipient', 'changes', 'changes-whole'],
  /** `enabled` or `ENABLED`. */
  feature: ['lower', 'upper'],
  /** `success: true` or `success: "true"`. */
  subscribed: ['boolean', 'text'],
  /** Reply to a media_update that starts from a version which is no more: 200 without an SDP, or an error. */
  collision: ['empty', 'error'],
  /** Versions of a media_update must be integers, or texts as the guide types them. */
  versions: ['integer', 'text'],
  /** Where the id of a message is; unset: where Meta's page on its template has it. */
  messageId: ['beside', 'inside', 'flat'],
} as const;

export type PageForms = { readonly [K in keyof typeof PAGE_FORMS]?: (typeof PAGE_FORMS)[K][number] };

export interface Hours {
  readonly timezone_id: string;
  readonly weekly_operating_hours: readonly {
    readonly day_of_week: string;
    readonly open_time: string;
    readonly close_time: string;
  }[];
}

export interface PageSettings {
  readonly audio_enabled: boolean;
  readonly icon_enabled: boolean;
  readonly video_enabled: boolean;
  readonly ring_target: 'META' | 'PARTNERS';
  readonly call_hours?: Hours | undefined;
}

/** The fields of a Page that calling needs. */
export const CALLING_FIELDS = ['calls', 'call_permission_reply', 'call_settings_update'] as const;

/** What Meta keeps of the Page and of the app. It begins as a Page that is set up. */
export class PageState {
  settings: PageSettings = {
    audio_enabled: true,
    icon_enabled: true,
    video_enabled: false,
    ring_target: 'PARTNERS',
  };
  readonly #delivers: () => boolean;
  #subscribed: readonly string[] = CALLING_FIELDS;
  /** `messenger_api_calling`: anything but `enabled` is not ready. */
  feature = 'enabled';
  forms: PageForms = {};
  /** Of the app: where webhooks of all its Pages go. */
  appSubscription:
    | { readonly callbackUrl: string; readonly fields: readonly string[]; readonly active?: boolean }
    | undefined;
  token: TokenState = {};
  /** How far Meta's clock, in the Date of its replies, is ahead of ours, ms. */
  clockAheadMs = 0;

  /** @param delivers false once Meta has taken the app off the Page for want of answers */
  constructor(delivers: () => boolean) {
    this.#delivers = delivers;
  }

  /** Fields that this app is subscribed to. */
  get subscribed(): readonly string[] {
    return this.#delivers() ? this.#subscribed : [];
  }

  set subscribed(fields: readonly string[]) {
    this.#subscribed = fields;
  }

  /** Whether the app is told of what happens in this field. */
  tells(field: string): boolean {
    return this.subscribed.includes(field);
  }

  /** Meta rings its own inbox, or nobody is subscribed: a consumer's call never reaches the gateway. */
  get rings(): boolean {
    return this.settings.ring_target === 'PARTNERS' && this.tells('calls');
  }
}
