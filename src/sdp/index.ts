export { MESSENGER_SDP, type SdpDialect, WHATSAPP_SDP } from './dialect.ts';
export { buildLocalAnswer } from './meta-answer.ts';
export {
  fmtpOf,
  type MetaCandidate,
  type MetaDescription,
  type MetaMedia,
  parseMetaDescription,
} from './meta-description.ts';
export { buildMetaAnswer } from './meta-first-answer.ts';
export { buildMetaOffer, type LocalCandidate, type MetaOfferOptions } from './meta-offer.ts';
export { planReceive, planSend } from './meta-plan.ts';
export { type MetaSession, parseMetaSession } from './meta-session.ts';
export { normalizeSdp } from './normalize.ts';
export { type OpusReceiver, parseOpusFmtp } from './opus-fmtp.ts';
export type { Direction, PhonePlan, ReceivePlan, SendPlan, SipCodec, TelephoneEvent } from './plans.ts';
export type { SdpProblem } from './problem.ts';
export { newSdes, type SdesAgreed, type SdesLocal, type SrtpPolicy } from './sdes.ts';
export { SIP_CODECS } from './sip-codecs.ts';
export { parseSipDescription, type SipAudio, type SipDescription } from './sip-description.ts';
export { answerSipOffer, negotiateSipAnswer, type SipAnswer } from './sip-negotiation.ts';
export { buildSipOffer, freshSipOffer, type SipLocal } from './sip-offer.ts';
