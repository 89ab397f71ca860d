import { Dialog } from '../dialog/dialog.ts';
import { parseNameAddr } from '../grammar/name-addr.ts';
import type { Headers } from '../message/headers.ts';
import type { ClientTransaction } from '../transaction/transaction.ts';
import type { Flow } from '../transport/transport.ts';
import type { AppClient } from '../wire/client.ts';
import { deliver, type EngineContext } from './context.ts';
import type { WireRequest } from './wire-request.ts';

/** What makes a request the server's own: no application sees its responses. */
export interface OwnRequest {
  /** The final response, unless 2xx; also 408, 487 and 503 that nobody sent, without headers. */
  readonly onRefused: (status: number, headers: Headers) => void;
  /** Requests of the application that are sent once this one is over. */
  readonly waiting: (() => void)[];
}

/** A request of an application on its way, from the frame to the end of its transaction. */
export interface OutgoingRequest {
  /** Transaction id for the application. */
  readonly id: string;
  readonly client: AppClient;
  /** As it was sent last: another way to the target makes it a new transaction (RFC 3263 4.3). */
  request: WireRequest;
  /** Set for everything in a dialog, and for the INVITE that makes one. */
  readonly dialog: Dialog | undefined;
  /** Whether it is the INVITE, SUBSCRIBE or REFER that makes the dialog. */
  readonly initial: boolean;
  transaction: ClientTransaction | undefined;
  provisional: boolean;
  /** The application has its final response. */
  final: boolean;
  /** A provisional response brought a session description. */
  answered: boolean;
  /** Last RSeq passed up of each fork, by To tag (RFC 3262 4). */
  readonly reliable: Map<string, number>;
  /** Answers of other forks, released with ACK and BYE; by To tag. */
  readonly refused: Map<string, Dialog>;
  /** A CANCEL of ours: held until a provisional response (RFC 3261 9.1), then sent. */
  cancel: { readonly request: WireRequest; sent: boolean } | undefined;
  readonly own: OwnRequest | undefined;
}

/** The dialog that a first request of ours is about to make. */
export function dialogOf(client: AppClient, request: WireRequest, contact: string): Dialog {
  const to = parseNameAddr(request.headers.get('to') ?? '');
  return new Dialog({
    role: 'uac',
    method: request.method,
    client,
    callId: request.callId,
    fromTag: request.fromTag,
    localTag: request.fromTag,
    localAddress: request.headers.get('from') ?? '',
    remoteAddress: to ?? { display: '', uri: request.uri, params: [] },
    contact,
    localSeq: request.seq,
    flow: request.flow,
  });
}

/** Hands the application a response to its request; `flow` undefined for one that no peer sent. */
export function deliverResponse(
  context: EngineContext,
  out: OutgoingRequest,
  message: Buffer,
  flow: Flow | undefined,
): void {
  if (!out.client.alive || out.own) return;
  const dialogId = out.dialog?.id ?? '';
  deliver(context, out.client, message, { flow, transactionId: out.id, dialogId, isRequest: false });
}
