import type { ConsumerCall } from './consumer-call.ts';
import { callOver, type Refusal } from './graph-refusal.ts';
import { offerOf, sessionReply } from './graph-session.ts';

/** Runs `accept` with its session: the reply, or why Meta refuses the offer. The call is untouched by a refusal. */
export async function accept(
  call: ConsumerCall,
  rawSession: unknown,
  asSubcode: boolean,
): Promise<{ readonly refusal: Refusal } | { readonly body: object }> {
  const read = offerOf(rawSession, asSubcode);
  if ('refusal' in read) return read;
  const accepted = await call.accept(read.offer);
  if (!accepted) return { refusal: callOver(call, asSubcode) };
  const form = call.options.reply ?? {};
  // Meta mostly leaves the id out.
  const head = {
    success: true,
    ...(form.callId === 'id' || form.callId === 'both' ? { id: call.id } : {}),
    ...(form.callId === 'call_id' || form.callId === 'both' ? { call_id: call.id } : {}),
  };
  return { body: sessionReply(head, accepted.answer, accepted.renegotiation, form) };
}
