import type { TimerHandle } from '../../shared/clock.ts';
import type { Dialog } from '../dialog/dialog.ts';
import type { ReliableProvisionals } from '../dialog/reliable-provisionals.ts';
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
  /** The final answer is on the wire. */
  final: boolean;
  /** A provisional response of ours carried a body: the offer is answered, as far as the peer can tell. */
  answered: boolean;
  /** Of an INVITE, once it has been answered 1xx reliably. */
  reliable: ReliableProvisionals | undefined;
  /** The application's 2xx, which waits for a PRACK; sends it (RFC 3262 3). */
  held: (() => void) | undefined;
  /** Run once the final answer is on the wire. */
  onFinal: (() => void) | undefined;
  /** Ends an application's silence; later repeats a 18x each minute (RFC 3261 13.3.1.1). */
  timer: TimerHandle | undefined;
  /** Ends an INVITE that its caller limited (RFC 3261 13.3.1). */
  expiry: TimerHandle | undefined;
}
