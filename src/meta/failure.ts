import { isObject, type Json, numberOf } from './json.ts';

/**
 * What a Graph failure means to a call.
 * `ambiguous`: nobody knows whether Meta did it. `transient` and `throttled` may be tried again where that is safe.
 */
export type GraphFailureKind =
  | 'ended'
  | 'already'
  | 'not-owner'
  | 'bad-sdp'
  | 'bad-call'
  | 'credential'
  | 'permission'
  | 'settings'
  | 'throttled'
  | 'transient'
  | 'ambiguous'
  | 'page'
  | 'person'
  | 'invalid'
  | 'protocol';

export interface GraphFailure {
  readonly kind: GraphFailureKind;
  /** Meta's `code` and `error_subcode`. */
  readonly code?: number;
  readonly subcode?: number;
  readonly httpStatus?: number;
  /** For logs: our own words and Meta's numbers, never a token or an SDP. */
  readonly message: string;
  readonly fbtraceId?: string;
  readonly retryAfterS?: number;
  /** What a SIP caller would be told (business-initiated calls). */
  readonly sipStatus: number;
}

export interface FailureRow {
  /** Matched against `code` and `error_subcode` alike. */
  readonly numbers?: readonly number[];
  /** Matched against Meta's message, for errors without a number of their own. */
  readonly text?: RegExp;
  /** Only with this parent code. */
  readonly parent?: number;
  readonly kind: GraphFailureKind;
  readonly sipStatus: number;
  readonly meaning: string;
}

/** The error catalogue; the first row that matches counts. */
export const FAILURES: readonly FailureRow[] = [
  { numbers: [2018389], kind: 'page', sipStatus: 403, meaning: 'the Page is not enabled for calling' },
  { numbers: [2018390], kind: 'bad-call', sipStatus: 481, meaning: 'Meta does not know this call' },
  { numbers: [2018391], kind: 'bad-sdp', sipStatus: 500, meaning: 'the connection data was empty' },
  { numbers: [2018392], kind: 'bad-sdp', sipStatus: 488, meaning: 'Meta refused our session description' },
  { numbers: [2018393], kind: 'invalid', sipStatus: 500, meaning: 'the Page is not in this call' },
  { numbers: [2018394], kind: 'page', sipStatus: 403, meaning: 'the Page may not join this call' },
  { numbers: [2018395], kind: 'ended', sipStatus: 480, meaning: 'the call failed already' },
  { numbers: [2018396], kind: 'ended', sipStatus: 480, meaning: 'the call ended already' },
  {
    numbers: [1893056],
    kind: 'settings',
    sipStatus: 403,
    meaning: 'calling is switched off in the Page settings',
  },
  { numbers: [190, 102], kind: 'credential', sipStatus: 500, meaning: 'the access token is not valid' },
  {
    numbers: [4, 17, 32, 341, 613, 80001, 80006, 80008],
    kind: 'throttled',
    sipStatus: 503,
    meaning: 'Meta throttles us',
  },
  {
    numbers: [2018278, 2018065, 2534022],
    kind: 'permission',
    sipStatus: 403,
    meaning: 'outside of the messaging window',
  },
  {
    numbers: [1893063, 368, 2022],
    kind: 'page',
    sipStatus: 403,
    meaning: 'Meta restricts the Page by policy',
  },
  {
    numbers: [551, 1545041, 2018108],
    kind: 'person',
    sipStatus: 480,
    meaning: 'the person is not available',
  },
  { numbers: [2018001], kind: 'person', sipStatus: 404, meaning: 'no such person for this Page' },
  { numbers: [33], parent: 100, kind: 'person', sipStatus: 404, meaning: 'no such object' },
  { numbers: [2018218, 2018247], kind: 'person', sipStatus: 404, meaning: 'the profile is not available' },
  {
    text: /appsecret_proof/i,
    kind: 'credential',
    sipStatus: 500,
    meaning: 'appsecret_proof is missing or wrong',
  },
  {
    text: /not (the )?(call )?owner|owned by another|another app/i,
    kind: 'not-owner',
    sipStatus: 480,
    meaning: 'another app owns the call',
  },
  {
    text: /already (been )?(accepted|rejected|terminated|ended|completed|declined)/i,
    kind: 'already',
    sipStatus: 480,
    meaning: 'it was done already',
  },
  {
    text: /call .*(ended|completed|failed|terminated)|no longer/i,
    kind: 'ended',
    sipStatus: 480,
    meaning: 'the call is over',
  },
  { text: /rate limit|too many/i, kind: 'throttled', sipStatus: 503, meaning: 'Meta throttles calls' },
  { text: /permission/i, kind: 'permission', sipStatus: 403, meaning: 'a permission is missing' },
  { numbers: [10, 3], kind: 'permission', sipStatus: 403, meaning: 'the app or token lacks a permission' },
  { numbers: [1, 2], kind: 'transient', sipStatus: 503, meaning: 'Meta has a passing fault' },
  { numbers: [100], kind: 'invalid', sipStatus: 500, meaning: 'Meta refused a parameter' },
];

/** The failure that a reply carries, or undefined when it is a success. `body` is what could be parsed of it. */
export function failureOf(
  httpStatus: number,
  body: Json | undefined,
  headers: Readonly<Record<string, unknown>>,
): GraphFailure | undefined {
  const error = errorOf(body);
  if (httpStatus >= 200 && httpStatus < 300 && !error) return undefined;
  const code = numberOf(error?.['code']);
  const subcode = numberOf(error?.['error_subcode']);
  const text = [error?.['message'], error?.['error_user_msg']]
    .filter((part) => typeof part === 'string')
    .join(' ');
  const row =
    FAILURES.find((candidate) => matches(candidate, code, subcode, text)) ??
    (code !== undefined && code >= 200 && code <= 299
      ? { kind: 'permission' as const, sipStatus: 403, meaning: 'a permission is missing' }
      : undefined);
  const byStatus = byHttpStatus(httpStatus);
  const transient = error?.['is_transient'] === true;
  const chosen =
    row && !(transient && row.kind === 'invalid') ? row : transient ? TRANSIENT : (byStatus ?? PROTOCOL);
  const trace = error?.['fbtrace_id'];
  const retryAfterS = numberOf(headers['retry-after'] as Json | undefined);
  return {
    kind: chosen.kind,
    httpStatus,
    message: `${chosen.meaning} (HTTP ${httpStatus}${code === undefined ? '' : `, code ${code}`}${subcode === undefined ? '' : `/${subcode}`})`,
    sipStatus: chosen.sipStatus,
    ...(code === undefined ? {} : { code }),
    ...(subcode === undefined ? {} : { subcode }),
    ...(typeof trace === 'string' ? { fbtraceId: trace.slice(0, 64) } : {}),
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  };
}

type Outcome = Pick<FailureRow, 'kind' | 'sipStatus' | 'meaning'>;
const TRANSIENT: Outcome = { kind: 'transient', sipStatus: 503, meaning: 'Meta has a passing fault' };
const PROTOCOL: Outcome = {
  kind: 'protocol',
  sipStatus: 500,
  meaning: 'Meta answered in a way nobody knows',
};

function byHttpStatus(status: number): Outcome | undefined {
  if (status === 429) return { kind: 'throttled', sipStatus: 503, meaning: 'Meta throttles us' };
  if (status === 401) return { kind: 'credential', sipStatus: 500, meaning: 'the access token is not valid' };
  if (status >= 500) return TRANSIENT;
  return status >= 400 ? { kind: 'invalid', sipStatus: 500, meaning: 'Meta refused the request' } : undefined;
}

function matches(
  row: FailureRow,
  code: number | undefined,
  subcode: number | undefined,
  text: string,
): boolean {
  if (row.parent !== undefined && row.parent !== code) return false;
  if (row.text) return row.text.test(text);
  const { numbers = [] } = row;
  return (
    (subcode !== undefined && numbers.includes(subcode)) ||
    (code !== undefined && row.parent === undefined && numbers.includes(code))
  );
}

/** Wrapped (`{ error: {...} }`) or flat; a 2xx with an error, `success: false` or `result: "failure"` is a failure. */
function errorOf(body: Json | undefined): Readonly<Record<string, Json>> | undefined {
  if (!isObject(body)) return undefined;
  if (isObject(body['error'])) return body['error'];
  if (typeof body['error'] === 'string') return { message: body['error'] };
  if (typeof body['message'] === 'string' && body['code'] !== undefined) return body;
  if (body['success'] === false || body['success'] === 'false' || body['result'] === 'failure') return body;
  return undefined;
}
