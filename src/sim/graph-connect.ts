import type { Clock } from '../shared/clock.ts';
import type { ConsumerCall } from './consumer-call.ts';
import type { Consumers } from './consumers.ts';
import type { ReplyForm } from './faults.ts';
import { callOver, invalidParameter, NO_SUCH_PERSON, type Refusal } from './graph-refusal.ts';
import { offerOf, sessionReply } from './graph-session.ts';

export interface ConnectHost {
  readonly consumers: Consumers;
  readonly clock: Clock;
  /** Forms of the reply. */
  readonly connectReply: ReplyForm;
  /** Whether a call with this consumer is under way. */
  isBusy(psid: string): boolean;
  /** Makes the call; nothing of it is told to anybody yet. */
  place(psid: string): ConsumerCall;
  /** The reply is on its way: the webhooks follow. */
  placed(call: ConsumerCall): void;
}

/** Runs `connect`: in Meta's order, the consumer, the permission, the offer; then the call is placed. */
export async function connect(
  host: ConnectHost,
  body: Readonly<Record<string, unknown>>,
  asSubcode: boolean,
): Promise<{ readonly refusal: Refusal } | { readonly body: object }> {
  const { to, session } = body;
  if (typeof to !== 'string' || !/^\d+$/.test(to)) {
    return { refusal: invalidParameter('to must be the page-scoped id of a person') };
  }
  if (!host.consumers.get(to)) return { refusal: NO_SUCH_PERSON };
  if (host.consumers.permissions.until(to, host.clock.now()) === undefined) {
    return { refusal: invalidParameter('The consumer has not given permission to be called') };
  }
  const read = offerOf(session, asSubcode);
  if ('refusal' in read) return read;
  if (host.isBusy(to)) return { refusal: invalidParameter('A call with this person is in progress') };
  const call = host.place(to);
  const answer = await call.place(read.offer);
  if (answer === undefined) return { refusal: callOver(call, asSubcode) };
  host.placed(call);
  const form = host.connectReply;
  const head = {
    success: true,
    ...(form.callId === 'call_id' ? {} : { id: call.id }),
    ...(form.callId === 'call_id' || form.callId === 'both' ? { call_id: call.id } : {}),
  };
  return { body: sessionReply(head, answer, undefined, form) };
}
