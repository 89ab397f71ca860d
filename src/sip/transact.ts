import { err, ok, type Result } from '../shared/result.ts';
import { ChallengeAnswers } from './challenge.ts';
import type { OnLink } from './context.ts';
import { cseqOf, parseRetryAfter, sdpIn } from './headers.ts';
import type { InboundResponse, OutboundRequest, SentRequest } from './link.ts';
import { prack } from './prack.ts';
import type { Credentials, RequestFailure } from './types.ts';

/** A request on its way, which its owner can give up. */
export interface Transaction {
  /** The final response, or why there is none. Never rejects. */
  readonly done: Promise<Result<InboundResponse, RequestFailure>>;
  abort(failure: RequestFailure): void;
}

/**
 * Sends one request, in a dialog or not, and waits `timeoutMs` for the final response; answers a digest challenge.
 * A 2xx to INVITE is ACKed, also when it comes after the end, for an unacknowledged one ends the dialog.
 */
export function transact(
  on: OnLink,
  request: OutboundRequest,
  credentials: Credentials | undefined,
  timeoutMs: number = on.requestTimeoutMs,
): Transaction {
  const answers = new ChallengeAnswers(credentials, on.random);
  let finish: (result: Result<InboundResponse, RequestFailure>) => void = () => {};
  const done = new Promise<Result<InboundResponse, RequestFailure>>((resolve) => {
    finish = resolve;
  });
  let ended = false;
  const end = (result: Result<InboundResponse, RequestFailure>): void => {
    if (ended) return;
    ended = true;
    timer.clear();
    finish(result);
  };
  const timer = on.clock.after(timeoutMs, () =>
    end(err({ status: 408, reason: 'no answer in time', kind: 'timeout' })),
  );

  const send = (headers: Readonly<Record<string, string>>): void => {
    let sent: SentRequest | undefined;
    on.link.send(
      { ...request, headers },
      {
        onSent: (first) => {
          sent = first;
        },
        onRefused: (text, code) =>
          end(err({ status: code === 'no-dialog' ? 481 : 503, reason: text, kind: 'transport' })),
        onResponse: (response) => {
          if (response.status < 200) {
            if (request.method === 'INVITE') prack(on, response, credentials);
            return;
          }
          if (response.status < 300 && request.method === 'INVITE') response.ack();
          if (ended) return;
          const { method, body = '' } = request;
          const again = answers.next(response, { method, uri: sent?.uri ?? '', body });
          if (again)
            send({ ...headers, ...again, ...(request.dialogId === undefined && repeated(method, sent)) });
          else if (response.status < 300) end(ok(response));
          else end(err(failureOf(response)));
        },
      },
    );
  };
  send(request.headers);
  return { done, abort: (failure) => end(err(failure)) };
}

/** RFC 3261 22.2: outside of a dialog, the same Call-ID and From with its tag, and CSeq one higher. */
function repeated(method: string, sent: SentRequest | undefined): Record<string, string> {
  const from = sent?.header('from');
  if (!sent || from === undefined) return {};
  return { From: from, 'Call-ID': sent.callId, CSeq: `${cseqOf(sent.header('cseq')) + 1} ${method}` };
}

function failureOf(response: InboundResponse): RequestFailure {
  const { status, reason, synthetic } = response;
  const kind = !synthetic ? 'response' : status === 408 ? 'timeout' : 'transport';
  const retryAfterS = synthetic ? undefined : parseRetryAfter(response.header('retry-after'));
  return { status, reason, kind, ...(retryAfterS !== undefined && { retryAfterS }) };
}

/** The SDP of a response, whatever it is wrapped in. */
export function sdpOf(message: {
  readonly body: string;
  header(name: string): string | undefined;
}): string | undefined {
  return sdpIn(message.header('content-type'), message.body);
}
