import { WHATSAPP_FAILURES } from './whatsapp-failures.ts';
import type { EndCallReason } from './wire.ts';

/**
 * What a Graph failure means to a call.
 * - `ambiguous`: nobody knows whether Meta did it. `unreachable`: nothing was sent, so nothing was done.
 * - `ended`: the call is over at Meta. `already`: it was accepted before, by whom is unknown; or its metrics are there.
 * - `in-progress`: the call is not over yet at Meta.
 * - `permission`: the app or its token lacks one. `call-permission`: the consumer did not let the Page call.
 * - `conflict`: both sides changed the media at once. `page`: Meta restricts the Page. `person`: not available.
 * - `profile`: this person's profile may not be read.
 * - `protocol`: an answer nobody knows.
 */
export type GraphFailureKind =
  | 'ended'
  | 'already'
  | 'in-progress'
  | 'not-owner'
  | 'bad-sdp'
  | 'bad-call'
  | 'credential'
  | 'permission'
  | 'call-permission'
  | 'settings'
  | 'throttled'
  | 'transient'
  | 'ambiguous'
  | 'unreachable'
  | 'conflict'
  | 'page'
  | 'person'
  | 'profile'
  | 'invalid'
  | 'protocol';

/** What a failure amounts to, however it was recognised. */
export interface FailureMeaning {
  readonly kind: GraphFailureKind;
  /** What a SIP caller would be told (business-initiated calls). */
  readonly sipStatus: number;
  /** What happened, for logs. */
  readonly meaning: string;
  /** What the operator can do; absent when there is nothing to do. */
  readonly remedy?: string;
  /** Default `Signaling_Message_Failed`. */
  readonly metricReason?: EndCallReason;
}

/** One row of the catalogue. All conditions that a row names must hold. */
export interface FailureRow extends FailureMeaning {
  /**
   * Meta's table gives its numbers no parent code, and they arrive as subcodes of 100 in practice: numbers from
   * 1000 up match in `code` and in `error_subcode`, smaller ones (the parent codes) in `code` only.
   */
  readonly numbers?: readonly number[];
  /** First and last of a range of `code`. */
  readonly codes?: readonly [number, number];
  /** `error_subcode` under this `code`, for small subcodes. */
  readonly under?: { readonly code: number; readonly subcode: number };
  /** Meta's message, for what has no number of its own. */
  readonly text?: RegExp;
}

const ALARM_TOKEN = 'Make a new Page access token and put it into the configuration.';

/** The vaguest of all: Meta's `100` without a subcode that anybody knows. */
export const INVALID_PARAMETER: FailureRow = {
  numbers: [100],
  kind: 'invalid',
  sipStatus: 500,
  meaning: 'Meta refused a parameter',
  remedy: 'Report it with a trace of the call.',
};

/** The error catalogue of calling; the first row that matches counts, so what is special comes first. */
export const FAILURES: readonly FailureRow[] = [
  ...WHATSAPP_FAILURES,
  {
    numbers: [2018389],
    kind: 'page',
    sipStatus: 403,
    meaning: 'the Page is not enabled for calling',
    remedy: 'Ask Meta for the calling feature (messenger_api_calling) of this Page.',
  },
  { numbers: [2018390], kind: 'bad-call', sipStatus: 481, meaning: 'Meta does not know this call' },
  {
    numbers: [2018391],
    kind: 'bad-sdp',
    sipStatus: 500,
    meaning: 'the connection data was empty',
    remedy: 'Report it with a trace of the call.',
  },
  {
    numbers: [2018392],
    kind: 'bad-sdp',
    sipStatus: 488,
    meaning: 'Meta refused our session description',
    remedy: 'Report it with a trace of the call.',
  },
  { numbers: [2018393], kind: 'invalid', sipStatus: 500, meaning: 'the Page is not in this call' },
  { numbers: [2018394], kind: 'page', sipStatus: 403, meaning: 'the Page may not join this call' },
  {
    numbers: [2018395],
    kind: 'ended',
    sipStatus: 480,
    meaning: 'the call failed already',
    metricReason: 'Call_End_Accept_After_Hang_Up',
  },
  {
    numbers: [2018396],
    kind: 'ended',
    sipStatus: 480,
    meaning: 'the call ended already',
    metricReason: 'Call_End_Accept_After_Hang_Up',
  },
  {
    numbers: [1893056],
    kind: 'settings',
    sipStatus: 403,
    meaning: 'calling is switched off in the Page settings',
    remedy: 'Set audio_enabled in messenger_call_settings of the Page.',
  },
  {
    numbers: [2018278, 2018065, 2534022],
    kind: 'call-permission',
    sipStatus: 403,
    meaning: 'outside of the messaging window',
  },
  {
    numbers: [1893063, 2022, 368],
    kind: 'page',
    sipStatus: 403,
    meaning: 'Meta restricts the Page by policy',
    remedy: 'See the support inbox of the Page.',
  },
  {
    numbers: [1545041, 2018108, 551],
    kind: 'person',
    sipStatus: 480,
    meaning: 'the person is not available',
  },
  { numbers: [2018001], kind: 'person', sipStatus: 404, meaning: 'no such person for this Page' },
  { under: { code: 100, subcode: 33 }, kind: 'person', sipStatus: 404, meaning: 'no such object' },
  { numbers: [2018218, 2018247], kind: 'profile', sipStatus: 404, meaning: 'the profile is not available' },
  {
    numbers: [2018300, 2018321],
    kind: 'call-permission',
    sipStatus: 403,
    meaning: 'another app or an automation controls the thread',
  },
  {
    numbers: [190, 102],
    kind: 'credential',
    sipStatus: 500,
    meaning: 'the access token is not valid',
    remedy: ALARM_TOKEN,
  },
  {
    numbers: [4, 17, 32, 341, 613, 80001, 80006, 80008],
    kind: 'throttled',
    sipStatus: 503,
    meaning: 'Meta throttles us',
    remedy: 'See the usage in the log; ask for fewer things of Graph.',
  },
  {
    text: /appsecret_proof/i,
    kind: 'credential',
    sipStatus: 500,
    meaning: 'appsecret_proof is missing or wrong',
    remedy: 'Give the secret of the app that made the Page token; leave meta.sendAppSecretProof on.',
  },
  {
    // Before `already`, which would have us terminate a call that is another's.
    text: /(?:accepted|answered) (?:by|in|on|with) (?:another|a different|some other)\b/i,
    kind: 'not-owner',
    sipStatus: 480,
    meaning: 'another app answered the call',
  },
  {
    text: /already (?:been )?(?:submitted|reported)/i,
    kind: 'already',
    sipStatus: 480,
    meaning: 'the metrics were submitted before',
  },
  {
    text: /(?:still|call is) in progress/i,
    kind: 'in-progress',
    sipStatus: 486,
    meaning: 'the call is in progress',
  },
  {
    text: /already (?:been )?(?:accepted|answered)/i,
    kind: 'already',
    sipStatus: 480,
    meaning: 'the call was accepted before',
  },
  {
    text: /already (?:been )?(?:rejected|declined|terminated|ended|completed|failed|hung up)|(?<!api )\bcall (?:(?:has|had|is|was|been|already|in|a) )*(?:ended|completed|failed|terminated|over\b|finished)|\b(?:ended|completed|failed|terminated) call\b/i,
    kind: 'ended',
    sipStatus: 480,
    meaning: 'the call is over',
    metricReason: 'Call_End_Accept_After_Hang_Up',
  },
  {
    text: /(?:\bnot|n['’]t) (?:the |an |this )?(?:call['’]?s? )?owner|does(?:n't| not) own|owned by (?:another|a different)|(?:another|different) app\b/i,
    kind: 'not-owner',
    sipStatus: 480,
    meaning: 'another app owns the call',
  },
  {
    text: /(?:invalid|unknown|bad|no such) call(?:[ _]?id\b|\b(?! (?:set|hour|rout)))|\bcall(?:[ _]?id)? (?:is |was )?(?:not found|invalid|unknown|does not exist)/i,
    kind: 'bad-call',
    sipStatus: 481,
    meaning: 'Meta does not know this call',
  },
  {
    text: /conflict/i,
    kind: 'conflict',
    sipStatus: 500,
    meaning: 'both sides changed the media at once',
  },
  {
    text: /rate limit|too many/i,
    kind: 'throttled',
    sipStatus: 503,
    meaning: 'Meta throttles calls',
  },
  {
    text: /\bcall(?:ing)? permission/i,
    kind: 'call-permission',
    sipStatus: 403,
    meaning: 'the consumer did not permit calls',
    metricReason: 'No_Permission',
  },
  {
    numbers: [10, 3],
    kind: 'permission',
    sipStatus: 403,
    meaning: 'the app or token lacks a permission',
    remedy: 'The token needs pages_messaging; the app needs Advanced Access for people without a role on it.',
  },
  {
    codes: [200, 299],
    kind: 'permission',
    sipStatus: 403,
    meaning: 'the app or token lacks a permission',
    remedy: 'The token needs pages_messaging; the app needs Advanced Access for people without a role on it.',
  },
  {
    text: /permission/i,
    kind: 'call-permission',
    sipStatus: 403,
    meaning: 'the consumer did not permit calls',
    metricReason: 'No_Permission',
  },
  { numbers: [1, 2], kind: 'transient', sipStatus: 503, meaning: 'Meta has a passing fault' },
  INVALID_PARAMETER,
];

export const TRANSIENT: FailureMeaning = {
  kind: 'transient',
  sipStatus: 503,
  meaning: 'Meta has a passing fault',
};

export const NO_REASON: FailureMeaning = {
  kind: 'protocol',
  sipStatus: 500,
  meaning: 'Meta refused without a reason, or in a way nobody knows',
};

/** For replies whose body says nothing. */
export function meaningOfStatus(status: number): FailureMeaning | undefined {
  if (status === 401) {
    return {
      kind: 'credential',
      sipStatus: 500,
      meaning: 'the access token is not valid',
      remedy: ALARM_TOKEN,
    };
  }
  if (status === 403) {
    return { kind: 'permission', sipStatus: 403, meaning: 'Meta forbids the request' };
  }
  if (status === 429) return { kind: 'throttled', sipStatus: 503, meaning: 'Meta throttles us' };
  if (status === 408 || status >= 500) return TRANSIENT;
  return status >= 400 ? { kind: 'invalid', sipStatus: 500, meaning: 'Meta refused the request' } : undefined;
}
