import type { ErrorCode } from '../shared/codes/index.ts';
import { parseRetryAfter } from './headers.ts';
import type { InboundResponse } from './link.ts';

/** Why a REGISTER was not granted. */
export interface RegisterFailure {
  readonly code: ErrorCode;
  readonly kind: 'response' | 'timeout' | 'transport';
  readonly status: number;
  /** One line for the operator. */
  readonly text: string;
  /** Another server, or the same one later, may do better; otherwise it is a refusal. */
  readonly isPassing: boolean;
  readonly retryAfterS?: number;
  /** Min-Expires of a 423, seconds. */
  readonly minExpiresS?: number;
}

export const REGISTER_TIMEOUT: RegisterFailure = {
  code: 'SIP_REGISTER_TIMEOUT',
  kind: 'timeout',
  status: 408,
  text: 'no answer in time',
  isPassing: true,
};

/** A 2xx whose list has no binding of ours. */
export const NOT_GRANTED: RegisterFailure = {
  code: 'SIP_REGISTER_REFUSED',
  kind: 'response',
  status: 200,
  text: '200 with an expiry of 0',
  isPassing: false,
};

export function registerUnreachable(text: string): RegisterFailure {
  return { code: 'SIP_REGISTER_UNREACHABLE', kind: 'transport', status: 503, text, isPassing: true };
}

/** A final response other than 2xx that our credentials did not, or cannot, answer. */
export function failureOfRegister(response: InboundResponse): RegisterFailure {
  const { status, reason, synthetic } = response;
  if (synthetic && status === 408) return REGISTER_TIMEOUT;
  if (synthetic && status === 503) return registerUnreachable('the server cannot be reached');
  const retryAfterS = parseRetryAfter(response.header('retry-after'));
  const minExpiresS = status === 423 ? parseRetryAfter(response.header('min-expires')) : undefined;
  const isPassing = status === 408 || status === 430 || (status >= 500 && status < 600);
  return {
    code: codeOf(status, isPassing),
    kind: 'response',
    status,
    text: `${status} ${reason}`.trim(),
    isPassing,
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
    ...(minExpiresS === undefined ? {} : { minExpiresS }),
  };
}

function codeOf(status: number, isPassing: boolean): ErrorCode {
  if (status === 401 || status === 407) return 'SIP_REGISTER_CREDENTIALS';
  if (status === 423) return 'SIP_REGISTER_INTERVAL';
  return isPassing ? 'SIP_REGISTER_UNAVAILABLE' : 'SIP_REGISTER_REFUSED';
}
