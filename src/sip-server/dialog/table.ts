import type { SipRequest } from '../message/message.ts';
import type { AppClient } from '../wire/client.ts';
import { type Dialog, dialogId, type Role } from './dialog.ts';

/** All dialogs. One id may name two of them, when a call comes back to the server it left from. */
export class DialogTable implements Iterable<Dialog> {
  readonly #dialogs = new Map<string, Dialog>();

  get size(): number {
    return this.#dialogs.size;
  }

  /** How many are confirmed. */
  get stable(): number {
    let count = 0;
    for (const dialog of this.#dialogs.values()) if (dialog.state === 'confirmed') count++;
    return count;
  }

  [Symbol.iterator](): Iterator<Dialog> {
    return this.#dialogs.values();
  }

  add(dialog: Dialog): void {
    this.#dialogs.set(key(dialog.role, dialog.id), dialog);
  }

  /** The call is over; subscriptions that are left keep the dialog until they end. */
  remove(dialog: Dialog): void {
    dialog.state = 'terminated';
    dialog.stop();
    if (!dialog.subscriptions?.live) this.drop(dialog);
  }

  /** Forgets it with all that lives in it. */
  drop(dialog: Dialog): void {
    dialog.state = 'terminated';
    dialog.stop();
    dialog.subscriptions?.stop();
    const at = key(dialog.role, dialog.id);
    if (this.#dialogs.get(at) === dialog) this.#dialogs.delete(at);
  }

  /** Whether that id is in use, whichever application's the dialog is. */
  has(role: Role, id: string): boolean {
    return this.#dialogs.has(key(role, id));
  }

  /** Whether that id names a call that is not over. */
  hasCall(role: Role, id: string): boolean {
    const dialog = this.#dialogs.get(key(role, id));
    return dialog?.isCall === true && dialog.state !== 'terminated';
  }

  /** What an application means by an id. */
  ofClient(id: string, client: AppClient): Dialog | undefined {
    for (const role of ['uac', 'uas'] as const) {
      const dialog = this.#dialogs.get(key(role, id));
      if (dialog?.client === client) return dialog;
    }
    return undefined;
  }

  /** The live dialog that an incoming request with a To tag belongs to (RFC 3261 12.2.2). */
  ofRequest(request: SipRequest): Dialog | undefined {
    const { callId, fromTag, toTag } = request;
    if (toTag === undefined) return undefined;
    const asUas = this.#dialogs.get(key('uas', dialogId(callId, fromTag ?? '')));
    if (asUas && asUas.localTag === toTag && asUas.isPeer(fromTag)) return asUas;
    const asUac = this.#dialogs.get(key('uac', dialogId(callId, toTag)));
    return asUac?.isPeer(fromTag) ? asUac : undefined;
  }

  /** Confirmed dialog of that Call-ID, for requests that name none (a retry with a fresh frame). */
  confirmed(id: string, client: AppClient): Dialog | undefined {
    const dialog = this.ofClient(id, client);
    return dialog?.state === 'confirmed' ? dialog : undefined;
  }

  /** The confirmed dialog of that Call-ID, when there is but one. */
  ofCall(callId: string, client: AppClient): Dialog | undefined {
    const found = this.of(client).filter(
      (dialog) => dialog.callId === callId && dialog.state === 'confirmed',
    );
    return found.length === 1 ? found[0] : undefined;
  }

  of(client: AppClient): Dialog[] {
    return [...this.#dialogs.values()].filter((dialog) => dialog.client === client);
  }

  close(): void {
    for (const dialog of this.#dialogs.values()) {
      dialog.stop();
      dialog.subscriptions?.stop();
    }
    this.#dialogs.clear();
  }
}

const key = (role: Role, id: string): string => `${role} ${id}`;
