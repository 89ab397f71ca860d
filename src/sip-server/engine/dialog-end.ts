import type { Dialog } from '../dialog/dialog.ts';
import { deliverUnsolicited, type EngineContext } from './context.ts';
import type { InDialog } from './in-dialog.ts';
import type { WireRequest } from './wire-request.ts';

/** Ends confirmed dialogs from here. */
export class DialogEnd {
  readonly #context: EngineContext;
  readonly #inDialog: InDialog;
  readonly #cancelPending: (dialog: Dialog) => void;

  constructor(context: EngineContext, inDialog: InDialog, cancelPending: (dialog: Dialog) => void) {
    this.#context = context;
    this.#inDialog = inDialog;
    this.#cancelPending = cancelPending;
  }

  /** BYE to the peer, and the same BYE to the application as unsolicited. */
  end(dialog: Dialog, reason: string): void {
    const { dialogs } = this.#context;
    // RFC 3261 15: not before the ACK of our 2xx.
    if (dialog.answering) {
      dialog.afterAck.push(() => this.end(dialog, reason));
      return;
    }
    if (dialog.state === 'terminated') return;
    this.#cancelPending(dialog);
    const told = (bye: WireRequest): void => {
      if (dialog.client.alive)
        deliverUnsolicited(this.#context, dialog.client, bye.bytes, bye.flow, dialog.id);
    };
    this.#inDialog.bye(dialog, reason, told, () => dialogs.remove(dialog));
    dialog.state = 'terminated';
    dialog.stop();
  }
}
