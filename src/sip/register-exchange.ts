import { ChallengeAnswers } from './challenge.ts';
import type { OnLink } from './context.ts';
import type { InboundResponse, SentRequest } from './link.ts';
import {
  failureOfRegister,
  REGISTER_TIMEOUT,
  type RegisterFailure,
  registerUnreachable,
} from './register-failure.ts';
import type { Credentials } from './types.ts';

export interface RegisterExchange {
  /** Request-URI. */
  readonly uri: string;
  /** Next hop, as a SIP URI. */
  readonly proxy: string;
  readonly credentials: Credentials | undefined;
  /** Headers of the next request: each has a CSeq of its own. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Longest wait for the last answer, ms. */
  readonly limitMs: number;
}

export type RegisterOutcome =
  | { readonly ok: true; readonly response: InboundResponse; readonly sent: SentRequest | undefined }
  | { readonly ok: false; readonly failure: RegisterFailure };

/**
 * One REGISTER through its challenges to its outcome, which is told once, or never when it was given up.
 * @returns gives it up
 */
export function exchangeRegister(
  on: OnLink,
  { uri, proxy, credentials, headers, limitMs }: RegisterExchange,
  tell: (outcome: RegisterOutcome) => void,
): () => void {
  let open = true;
  const end = (outcome?: RegisterOutcome): void => {
    if (!open) return;
    open = false;
    limit.clear();
    if (outcome) tell(outcome);
  };
  const refuse = (failure: RegisterFailure): void => end({ ok: false, failure });
  const limit = on.clock.after(limitMs, () => refuse(REGISTER_TIMEOUT));
  const answers = new ChallengeAnswers(credentials, on.random);
  const send = (authorization: Record<string, string>): void => {
    if (!open) return;
    let sent: SentRequest | undefined;
    on.link.send(
      { method: 'REGISTER', uri, proxy, headers: { ...headers(), ...authorization } },
      {
        onSent: (request) => {
          sent = request;
        },
        onRefused: (text) => refuse(registerUnreachable(text)),
        onResponse: (response) => {
          if (!open || response.status < 200) return;
          const again = answers.next(response, { method: 'REGISTER', uri: sent?.uri ?? uri, body: '' });
          if (again) return send(again);
          if (response.status >= 300) return refuse(failureOfRegister(response));
          end({ ok: true, response, sent });
        },
      },
    );
  };
  send({});
  return () => end();
}
