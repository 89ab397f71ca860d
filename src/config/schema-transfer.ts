import { choice, flag } from './schema-kinds.ts';

/** Of a route and of an outbound rule. */
export const transfers = {
  transfer: choice(
    ['gateway', 'pbx'] as const,
    'Who rings the new phone when an operator transfers a call and does not say (POST /calls/ID/transfer, msgw transfer). gateway: we do, as for a REFER of the phone. pbx: the PBX is asked by a REFER in the dialog that it has with us, which stays until the PBX ends it; only for a PBX that then brings the new phone into that dialog or sends an INVITE with Replaces. A PBX that takes REFER as RFC 5589 has it (Asterisk does) connects its own phone with the target and leaves the consumer alone: sip.transferSilenceMs ends such a call. A REFER that a phone sends is always followed by us.',
    { default: 'gateway' },
  ),
  transferRecall: flag(
    'A phone that transferred the call (REFER) and hung up is rung again when nobody takes it, at most sip.transferRingMs, before the call ends.',
    true,
  ),
};
