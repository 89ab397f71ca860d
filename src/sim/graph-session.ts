import type { ReplyForm } from './faults.ts';
import { CALLING, callingError, type Refusal } from './graph-refusal.ts';
import { type GatewayOffer, readOffer } from './meta-sdp.ts';

/** The offer in `session`, an object or JSON in a string; or why Meta refuses it. */
export function offerOf(
  rawSession: unknown,
  asSubcode: boolean,
): { readonly offer: GatewayOffer } | { readonly refusal: Refusal } {
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
  return 'refusal' in offer ? refused(CALLING.badSdp, offer.refusal) : { offer };
}

/** A good reply to accept or connect; `renegotiation` undefined: there is none. */
export function sessionReply(
  head: object,
  answer: string,
  renegotiation: string | undefined,
  form: ReplyForm,
): object {
  if (form.withoutSdp) return head;
  const sdpOf = (type: string, sdp: string): unknown => {
    if (form.sdpAsString) return sdp;
    return form.sdpAsJson ? JSON.stringify({ sdp_type: type, sdp }) : { sdp_type: type, sdp };
  };
  const session = {
    sdp_response: sdpOf('answer', answer),
    ...(renegotiation === undefined || form.withoutRenegotiation
      ? {}
      : { sdp_renegotiation: sdpOf('offer', renegotiation) }),
  };
  return { ...head, session: form.sessionAsString ? JSON.stringify(session) : session };
}
