import { err, ok, type Result } from '../shared/result.ts';
import { ChallengeAnswers } from './challenge.ts';
import type { OnLink } from './context.ts';
import { sdpIn } from './headers.ts';
import type { InboundResponse, OutboundRequest } from './link.ts';
import type { Credentials, RequestFailure } from './types.ts';

/** A request on its way, which its dialog can give up. */
export interface Transaction {
  /** The final response, or why there is none. Never rejects. */
  readonly done: Promise<Result<InboundResponse, RequestFailure>>;
  abort(failure: RequestFailure): void;
}

/**
 * Sends one in-dialog request and waits `requestTimeoutMs` for the final response; answers a digest challenge.
 * A 2xx to INVITE is ACKed, also when it comes after the end, for an unacknowledged one ends the dialog.
 */
export function transact(
  on: OnLink,
  request: OutboundRequest,
  credentials: Credentials | undefined,
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
  const timer = on.clock.after(on.requestTimeoutMs, () =>
    end(err({ status: 408, reason: 'no answer in time', kind: 'timeout' })),
  );

  const send = (headers: Readonly<Record<string, string>>): void => {
    let uri = '';
    on.link.send(
      { ...request, headers },
      {
        onSent: (sent) => {
          uri = sent.uri;
        },
        onRefused: (text, code) =>
          end(err({ status: code === 'no-dialog' ? 481 : 503, reason: text, kind: 'transport' })),
        onResponse: (response) => {
          if (response.status < 200) return;
          if (response.status < 300 && request.method === 'INVITE') response.ack();
          if (ended) return;
          const again = answers.next(response, { method: request.method, uri, body: request.body ?? '' });
          if (again) send({ ...headers, ...again });
          else if (response.status < 300) end(ok(response));
          else end(err(failureOf(response)));
        },
      },
    );
  };
  send(request.headers);
  return { done, abort: (failure) => end(err(failure)) };
}

function failureOf(response: InboundResponse): RequestFailure {
  const kind = !response.synthetic ? 'response' : response.status === 408 ? 'timeout' : 'transport';
  return { status: response.status, reason: response.reason, kind };
}

/** The SDP of a response, whatever it is wrapped in. */
export function sdpOf(message: {
  readonly body: string;
  header(name: string): string | undefined;
}): string | undefined {
  return sdpIn(message.header('content-type'), message.body);
}
