import type { ReplacedDialog, SipDialog } from '../sip/index.ts';

/** Whose dialog it is. */
export interface DialogOwner {
  /** Our name of the call. */
  readonly call: string;
  readonly attempt: number;
  /** Of the phone at its other end. */
  readonly trunk: string;
}

interface Entry extends DialogOwner {
  readonly dialog: Pick<SipDialog, 'alive'>;
  endedAtMs: number | undefined;
}

/** How long a dialog that is over is remembered, ms: so long an INVITE that names it may have been on its way (64*T1). */
const REMEMBERED_MS = 32_000;

/** The confirmed dialogs of all calls, by what a Replaces header says of them (RFC 3891). */
export class DialogIndex {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;

  /** @param now ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(dialog: Pick<SipDialog, 'callId' | 'localTag' | 'remoteTag' | 'alive'>, owner: DialogOwner): void {
    this.#prune();
    const { callId, localTag, remoteTag } = dialog;
    this.#entries.set(key(callId, localTag, remoteTag), { ...owner, dialog, endedAtMs: undefined });
  }

  /** The call is forgotten. */
  forget(call: string): void {
    const endedAtMs = this.#now();
    for (const entry of this.#entries.values()) if (entry.call === call) entry.endedAtMs ??= endedAtMs;
  }

  /** `ended`: there was such a dialog, lately. */
  find({ callId, toTag, fromTag }: ReplacedDialog): (DialogOwner & { readonly ended: boolean }) | undefined {
    this.#prune();
    const entry = this.#entries.get(key(callId, toTag, fromTag));
    if (!entry) return undefined;
    const { call, attempt, trunk } = entry;
    return { call, attempt, trunk, ended: entry.endedAtMs !== undefined || !entry.dialog.alive };
  }

  #prune(): void {
    const before = this.#now() - REMEMBERED_MS;
    for (const [name, { endedAtMs }] of this.#entries) {
      if (endedAtMs !== undefined && endedAtMs < before) this.#entries.delete(name);
    }
  }
}

/** Neither a Call-ID nor a tag holds white space (RFC 3261 25.1). */
const key = (callId: string, localTag: string, remoteTag: string): string =>
  `${callId} ${localTag} ${remoteTag}`;
