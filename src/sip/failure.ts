import { parseContacts, parseRetryAfter } from './headers.ts';
import type { InboundResponse } from './link.ts';
import { parseReason } from './reason.ts';
import type { InviteFailure, RequestFailure } from './types.ts';

/** What a final non-2xx response to an INVITE means. */
export function failureOfResponse(response: InboundResponse): InviteFailure {
  const { status, reason } = response;
  if (response.synthetic) {
    if (status === 408) return { status, reason, kind: 'timeout' };
    if (status === 503) return { status, reason, kind: 'transport' };
  }
  const { q850 } = parseReason(response.header('reason'));
  const retryAfterS = parseRetryAfter(response.header('retry-after'));
  const contacts = status >= 300 && status < 400 ? parseContacts(response.header('contact')) : undefined;
  return {
    status,
    reason,
    kind: 'response',
    ...(q850 !== undefined && { q850 }),
    ...(retryAfterS !== undefined && { retryAfterS }),
    ...(contacts !== undefined && { contacts, ...historyOf(response) }),
  };
}

/** Of any request. */
export const CONTROL_LOST = {
  status: 503,
  reason: 'the connection to the SIP server is gone',
  kind: 'control-lost',
} as const satisfies InviteFailure & RequestFailure;

/** What is longer is left out: half of it would be wrong. */
const MAX_HISTORY = 1_024;

function historyOf({ header }: InboundResponse): Pick<InviteFailure, 'history'> {
  const history: Record<string, string> = {};
  for (const name of ['Diversion', 'History-Info']) {
    const value = header(name.toLowerCase());
    if (value !== undefined && value !== '' && value.length <= MAX_HISTORY) history[name] = value;
  }
  return Object.keys(history).length > 0 ? { history } : {};
}
