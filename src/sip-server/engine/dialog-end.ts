import type { Dialog } from '../dialog/dialog.ts';
import { Headers } from '../message/headers.ts';
import type { StopReason } from './cdrs.ts';
import { deliverUnsolicited, type EngineContext } from './context.ts';
import type { InDialog } from './in-dialog.ts';
import { OwnBye } from './own-bye.ts';
import type { WireRequest } from './wire-request.ts';

export interface End {
  /** Value of Reason in the BYE (RFC 3326). */
  readonly reason: string;
  readonly record: StopReason;
}

/** Why the server itself ends a call. */
export const ENDS = {
  ackTimeout: { reason: 'SIP;cause=200;text="ACK timeout"', record: 'system-initiated-termination' },
  appGone: { reason: 'SIP;cause=503;text="Application gone"', record: 'system-error-initiated-termination' },
  cancelled: { reason: 'SIP;cause=487;text="Cancelled"', record: 'call-canceled' },
  noContact: {
    reason: 'SIP;cause=400;text="No Contact in the 2xx"',
    record: 'system-error-initiated-termination',
  },
  noAck: {
    reason: 'SIP;cause=500;text="No ACK from the application"',
    record: 'system-error-initiated-termination',
  },
  sessionExpired: { reason: 'SIP;cause=200;text="Session timer expired"', record: 'session-expired' },
} as const satisfies Record<string, End>;

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
  end(dialog: Dialog, why: End): void {
    const { dialogs, cdrs } = this.#context;
    // RFC 3261 15: not before the ACK of our 2xx.
    if (dialog.answering) {
      dialog.afterAck.push(() => this.end(dialog, why));
      return;
    }
    if (dialog.state === 'terminated') return;
    if (!dialog.isCall) {
      this.#unsubscribe(dialog);
      return;
    }
    this.#cancelPending(dialog);
    const told = (bye: WireRequest): void => {
      cdrs.stop(dialog, 'application', why.record, () => bye.bytes);
      if (dialog.client.alive)
        deliverUnsolicited(this.#context, dialog.client, bye.bytes, bye.flow, dialog.id);
      own.sent(bye);
    };
    const own = new OwnBye(this.#context, dialog);
    dialog.ownBye = own;
    this.#inDialog.bye(dialog, why.reason, told, (answer) => {
      dialogs.remove(dialog);
      own.over(answer);
    });
    dialog.state = 'terminated';
    dialog.stop();
  }

  /** The last words of a notifier or a subscriber whose application is gone (RFC 6665 4.1.2.3, 4.4.1). */
  #unsubscribe(dialog: Dialog): void {
    for (const event of dialog.subscriptions?.events ?? []) {
      const headers = new Headers().append('Event', event);
      if (dialog.role === 'uas') headers.append('Subscription-State', 'terminated;reason=deactivated');
      else headers.append('Expires', '0');
      this.#inDialog.send(dialog, dialog.role === 'uas' ? 'NOTIFY' : 'SUBSCRIBE', headers);
    }
    this.#context.dialogs.drop(dialog);
  }
}
