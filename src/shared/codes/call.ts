import type { CodeEntry } from '../error.ts';

export const callCodes = {
  CALL_TRANSFER_SILENT: {
    what: 'A PBX that was asked by REFER told that the transfer succeeded and then sent the consumer no audio: it connected its own phone with the target (RFC 5589) and kept our dialog, silent. The call was ended on both sides.',
    remedy:
      'Set transfer of the route or rule to gateway (or order with mode gateway): we ring the new phone, and the consumer goes with the call. Where the PBX does bring the consumer and takes longer, raise sip.transferSilenceMs.',
  },
} as const satisfies Record<string, CodeEntry>;
