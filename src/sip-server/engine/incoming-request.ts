import type { TimerHandle } from '../../shared/clock.ts';
import type { Dialog } from '../dialog/dialog.ts';
import type { SipRequest } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import type { AppClient } from '../wire/client.ts';

/** A request from the network that an application has been given, until its transaction ends. */
export interface IncomingRequest {
  /** Transaction id for the application. */
  readonly id: string;
  readonly client: AppClient;
  readonly request: SipRequest;
  readonly transaction: ServerTransaction;
  /** Tag of our To; the application may choose it with its first response. */
  localTag: string;
  /** Set for everything in a dialog; for a first INVITE once a response has made one. */
  dialog: Dialog | undefined;
  readonly initial: boolean;
  final: boolean;
  /** Ends an application's silence; later repeats a 18x each minute (RFC 3261 13.3.1.1). */
  timer: TimerHandle | undefined;
}
