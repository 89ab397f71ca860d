import type { ConsumerCall } from './consumer-call.ts';
import type { ReplyForm } from './faults.ts';
import { CALLING, callingError, callOver, type Refusal } from './graph-refusal.ts';
import { readOffer } from './meta-sdp.ts';

/** Runs `accept` with its session: the reply, or why Meta refuses the offer. The call is untouched by a refusal. */
export async function accept(
  call: ConsumerCall,
  rawSession: unknown,
  asSubcode: boolean,
): Promise<{ readonly refusal: Refusal } | { readonly body: object }> {
  const refused = (error: typeof CALLING.badSdp | typeof CALLING.noConnection, detail = '') => ({
    refusal: callingError(error, asSubcode, detail),
  });
  let session: unknown = rawSession;
  if (typeof rawSession === 'string') {
    try {
      session = JSON.parse(rawSession);
    } catch {
      return refused(CALLING.badSdp, 'session is no JSON');
    }
  }
  if (typeof session !== 'object' || session === null) return refused(CALLING.noConnection);
  const { sdp_type: type, sdp } = session as Record<string, unknown>;
  if (typeof sdp !== 'string' || sdp === '') return refused(CALLING.noConnection);
  const offer = readOffer(type, sdp);
  if ('refusal' in offer) return refused(CALLING.badSdp, offer.refusal);
  const accepted = await call.accept(offer);
  if (!accepted) return { refusal: callOver(call, asSubcode) };
  return { body: replyOf(call.id, accepted.answer, accepted.renegotiation, call.options.reply ?? {}) };
}

function replyOf(callId: string, answer: string, renegotiation: string, form: ReplyForm): object {
  const head = {
    success: true,
    ...(form.callId === 'id' || form.callId === 'both' ? { id: callId } : {}),
    ...(form.callId === 'call_id' || form.callId === 'both' ? { call_id: callId } : {}),
  };
  if (form.withoutSdp) return head;
  const sdpOf = (type: string, sdp: string): unknown => {
    if (form.sdpAsString) return sdp;
    return form.sdpAsJson ? JSON.stringify({ sdp_type: type, sdp }) : { sdp_type: type, sdp };
  };
  const session = {
    sdp_response: sdpOf('answer', answer),
    ...(form.withoutRenegotiation ? {} : { sdp_renegotiation: sdpOf('offer', renegotiation) }),
  };
  return { ...head, session: form.sessionAsString ? JSON.stringify(session) : session };
}
