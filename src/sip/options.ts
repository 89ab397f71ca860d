import type { OnLink } from './context.ts';
import { ACCEPT, ALLOW, formatFrom, routed, SUPPORTED } from './headers.ts';
import { type Transaction, transact } from './transact.ts';
import type { OptionsRequest } from './types.ts';

/** Asks a server what it can do (RFC 3261 11), outside of any dialog: whatever it answers, it is there. */
export function askOptions(on: OnLink, request: OptionsRequest): Transaction {
  const { uri, from, credentials, timeoutMs } = request;
  const { proxy, headers: route } = routed(request);
  return transact(
    on,
    {
      method: 'OPTIONS',
      uri,
      ...(proxy !== undefined && { proxy }),
      headers: {
        From: formatFrom(from),
        'User-Agent': on.userAgent,
        Accept: ACCEPT,
        Allow: ALLOW,
        Supported: SUPPORTED,
        ...route,
      },
    },
    credentials,
    timeoutMs,
  );
}
