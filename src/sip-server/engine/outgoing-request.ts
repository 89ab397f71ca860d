import type { Dialog } from '../dialog/dialog.ts';
import type { ClientTransaction } from '../transaction/transaction.ts';
import type { AppClient } from '../wire/client.ts';
import type { WireRequest } from './wire-request.ts';

/** A request of an application on its way, from the frame to the end of its transaction. */
export interface OutgoingRequest {
  /** Transaction id for the application. */
  readonly id: string;
  readonly client: AppClient;
  readonly request: WireRequest;
  /** Set for everything in a dialog, and for the INVITE that makes one. */
  readonly dialog: Dialog | undefined;
  /** Whether it is the INVITE that makes the dialog. */
  readonly initial: boolean;
  transaction: ClientTransaction | undefined;
  provisional: boolean;
  /** The application has its final response. */
  final: boolean;
  /** A CANCEL of ours: held until a provisional response (RFC 3261 9.1), then sent. */
  /** Highest RSeq passed up: retransmissions of a reliable provisional response stay here (RFC 3262 4). */
  reliable: number;
  /** Answers of other forks, released with ACK and BYE; by To tag. */
  readonly refused: Map<string, Dialog>;
  cancel: { readonly request: WireRequest; sent: boolean } | undefined;
}
