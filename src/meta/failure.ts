import {
  FAILURES,
  type FailureMeaning,
  type FailureRow,
  type GraphFailureKind,
  INVALID_PARAMETER,
  meaningOfStatus,
  NO_REASON,
  TRANSIENT,
} from './failure-table.ts';
import { isObject, type Json, type JsonObject, numberOf } from './json.ts';
import type { EndCallReason } from './wire.ts';

export interface GraphFailure {
  readonly kind: GraphFailureKind;
  /** Meta's `code` and `error_subcode`. */
  readonly code?: number;
  readonly subcode?: number;
  readonly httpStatus?: number;
  /** For logs: our own words and Meta's numbers, never a token, an SDP or Meta's own text. */
  readonly message: string;
  /** What the operator can do, if anything. */
  readonly remedy?: string;
  readonly fbtraceId?: string;
  /** Seconds until Meta wants to be asked again. */
  readonly retryAfterS?: number;
  /** What a SIP caller would be told (business-initiated calls). */
  readonly sipStatus: number;
  /** `end_call_reason` of a call that ends by this. */
  readonly metricReason: EndCallReason;
}

/** A failure in our own words, as where no reply came. */
export function failureFrom(
  meaning: FailureMeaning,
  more: Pick<GraphFailure, 'code' | 'subcode' | 'httpStatus' | 'fbtraceId' | 'retryAfterS'> = {},
): GraphFailure {
  const { httpStatus, code, subcode } = more;
  const numbers = [
    ...(httpStatus === undefined ? [] : [`HTTP ${httpStatus}`]),
    ...(code === undefined ? [] : [`code ${code}${subcode === undefined ? '' : `/${subcode}`}`]),
  ];
  return {
    kind: meaning.kind,
    message: numbers.length > 0 ? `${meaning.meaning} (${numbers.join(', ')})` : meaning.meaning,
    sipStatus: meaning.sipStatus,
    metricReason: meaning.metricReason ?? 'Signaling_Message_Failed',
    ...(meaning.remedy === undefined ? {} : { remedy: meaning.remedy }),
    ...more,
  };
}

/**
 * The failure that a reply carries, or undefined when it is a success. `body` is what could be parsed of it; its
 * numbers and words come before the HTTP status, which Graph sets loosely.
 */
export function failureOf(
  httpStatus: number,
  body: Json | undefined,
  retryAfterS?: number,
): GraphFailure | undefined {
  const error = errorOf(body);
  if (httpStatus >= 200 && httpStatus < 300 && !error) return undefined;
  const code = numberOf(error?.['code']);
  const subcode = numberOf(error?.['error_subcode']);
  const text = [error?.['message'], error?.['error_user_msg']]
    .filter((part) => typeof part === 'string')
    .join(' ')
    .slice(0, 2_000);
  const trace = error?.['fbtrace_id'];
  return failureFrom(meaningOf(httpStatus, code, subcode, text, error?.['is_transient'] === true), {
    httpStatus,
    ...(code === undefined ? {} : { code }),
    ...(subcode === undefined ? {} : { subcode }),
    ...(typeof trace === 'string' && /^[\w+/=-]{1,64}$/.test(trace) ? { fbtraceId: trace } : {}),
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  });
}

/** What the error code of a terminate webhook says (WhatsApp); undefined: nothing that we know. */
export function terminateFailure(code: number): GraphFailure | undefined {
  const row = FAILURES.find(({ numbers }) => numbers?.includes(code));
  return row && failureFrom(row, { code });
}

function meaningOf(
  httpStatus: number,
  code: number | undefined,
  subcode: number | undefined,
  text: string,
  saysTransient: boolean,
): FailureMeaning {
  const row = FAILURES.find((candidate) => matches(candidate, code, subcode, text));
  // A definite reason stands; the vague one gives way to "try again" and to a server fault.
  if (row && row !== INVALID_PARAMETER) return row;
  if (saysTransient || httpStatus >= 500) return TRANSIENT;
  return row ?? meaningOfStatus(httpStatus) ?? NO_REASON;
}

function matches(
  row: FailureRow,
  code: number | undefined,
  subcode: number | undefined,
  text: string,
): boolean {
  const { numbers, codes, under } = row;
  if (numbers) {
    const found = numbers.some((n) => n === code || (n >= 1_000 && n === subcode));
    if (!found) return false;
  }
  if (codes && (code === undefined || code < codes[0] || code > codes[1])) return false;
  if (under && (code !== under.code || subcode !== under.subcode)) return false;
  return row.text === undefined || row.text.test(text);
}

/**
 * Wrapped (`{ error: {...} }`) or flat; a 2xx with an error of any form, `success: false` or `result: "failure"` is a
 * failure: taken for a success, an accept that did not happen would be waited for.
 */
function errorOf(body: Json | undefined): JsonObject | undefined {
  if (!isObject(body)) return undefined;
  const error = Array.isArray(body['error']) ? (body['error'] as readonly Json[])[0] : body['error'];
  if (isObject(error)) return error;
  if (typeof error === 'string' && error !== '') return { ...body, message: error };
  if (typeof body['message'] === 'string' && body['code'] !== undefined) return body;
  if (error) return body;
  if (isNo(body['success'], 'false') || isNo(body['result'], 'failure')) return body;
  return undefined;
}

function isNo(value: Json | undefined, word: string): boolean {
  return value === false || (typeof value === 'string' && value.toLowerCase() === word);
}
