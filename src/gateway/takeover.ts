import { trunksAt } from '../routing/index.ts';
import { type IncomingInvite, parseReplaces } from '../sip/index.ts';
import type { CallerTrunk } from './caller-gate.ts';
import type { DialogIndex, DialogOwner } from './dialog-index.ts';

/** A trunk whose calls may be taken over; the configuration's trunks fit. */
export interface ReplaceableTrunk extends CallerTrunk {
  /** Other trunks whose phones may. */
  readonly replacedBy?: readonly string[];
}

export type Takeover =
  | { readonly ok: true; readonly owner: DialogOwner }
  | { readonly ok: false; readonly status: number; readonly phrase: string };

const no = (status: number, phrase: string): Takeover => ({ ok: false, status, phrase });

/**
 * Whose phone an INVITE with Replaces takes the place of (RFC 3891 3). It was let in as one of the trunk `admitted`; only
 * who belongs to the trunk of the dialog, or whom that trunk names, may.
 */
export function takeoverOf(
  invite: Pick<IncomingInvite, 'source' | 'header'>,
  admitted: string,
  trunks: Readonly<Record<string, ReplaceableTrunk>>,
  dialogs: DialogIndex,
): Takeover {
  const replaced = parseReplaces(invite.header('replaces') ?? '');
  if (!replaced) return no(400, 'Bad Replaces');
  const owner = dialogs.find(replaced);
  if (!owner) return no(481, 'Call/Transaction Does Not Exist');
  const trunk = trunks[owner.trunk];
  // Where several trunks share an address, the INVITE was let in as the first of them.
  const isNear =
    trunk?.callers === undefined && trunksAt(trunks, invite.source.address).includes(owner.trunk);
  if (admitted !== owner.trunk && !isNear && !trunk?.replacedBy?.includes(admitted))
    return no(403, 'Not Your Call');
  if (owner.ended) return no(603, 'Decline');
  if (replaced.earlyOnly) return no(486, 'Busy Here');
  return { ok: true, owner };
}
