import type { Result } from '../../shared/result.ts';
import type { Dialog } from '../dialog/dialog.ts';
import { isKnownUri, parseNameAddrs } from '../grammar/name-addr.ts';
import { Headers } from '../message/headers.ts';
import type { SipResponse } from '../message/message.ts';
import type { Flow } from '../transport/transport.ts';
import type { AppClient, AppFrame } from '../wire/client.ts';
import { requestSentFrame } from '../wire/sip-frames.ts';
import { AcceptedAnswers } from './accepted-answers.ts';
import type { AppMessage } from './app-message.ts';
import { ClientRequests } from './client-requests.ts';
import { type EngineContext, FORMING } from './context.ts';
import { DialogEnd, ENDS, type End } from './dialog-end.ts';
import { InDialog } from './in-dialog.ts';
import { buildFitting } from './large.ts';
import { LastWills } from './last-wills.ts';
import { dialogOf, type OwnRequest } from './outgoing-request.ts';
import { isSips } from './own-address.ts';
import type { ServerRequests } from './server-requests.ts';
import { SessionTimers } from './session-timers.ts';
import { buildInside, buildOutside, targetOf, type WireRequest, wantedSeq } from './wire-request.ts';

type RequestMessage = AppMessage & { start: { kind: 'request' } };

/** The UAC half: request frames of applications (RFC 3261 8.1.1, 9.1, 12.2.1, 13.2, 15.1.1). */
export class Outgoing {
  readonly #context: EngineContext;
  readonly #inDialog: InDialog;
  readonly #ending: DialogEnd;
  readonly #answers: AcceptedAnswers;
  readonly #requests: ClientRequests;
  /** What ends its calls should this server die. */
  readonly wills: LastWills;
  /** Of the other half. */
  readonly #peers: ServerRequests;
  /** Of both halves. */
  readonly sessions: SessionTimers;

  constructor(context: EngineContext, peers: ServerRequests) {
    this.#context = context;
    this.#peers = peers;
    this.#inDialog = new InDialog(context);
    this.#ending = new DialogEnd(context, this.#inDialog, (dialog) => this.#settlePending(dialog));
    this.sessions = new SessionTimers(context, {
      busy: (dialog) => this.#isBusy(dialog),
      send: (dialog, message, refused) => this.#sendOwn(dialog, message, refused),
      end: (dialog) => this.endDialog(dialog, ENDS.sessionExpired),
    });
    this.wills = new LastWills(
      context,
      this.#inDialog,
      (dialog) => this.#requests.pendingInvite(dialog)?.request,
      peers,
      (request) => this.#answers.expectLate(request),
    );
    this.#answers = new AcceptedAnswers(context, this.#inDialog, this.#ending, this.sessions);
    this.#requests = new ClientRequests(context, this.#inDialog, this.#answers, this.sessions, () =>
      this.wills.touch(),
    );
  }

  /** A request frame that names no dialog, or one whose Call-ID is that of a live dialog. */
  sendOutside(client: AppClient, frame: AppFrame, message: RequestMessage): void {
    const { method, uri } = message.start;
    const nok = (text: string): void => client.send(`response|${frame.id}|NOK|${text}`);
    if (!isKnownUri(uri)) {
      nok('invalid request uri');
      return;
    }
    if (method === 'ACK' || method === 'CANCEL' || method === 'PRACK') {
      nok(`${method} needs a dialog or transaction`);
      return;
    }
    const first = parseNameAddrs(message.headers.all('route'))?.[0];
    if (message.headers.has('route') && first === undefined) {
      nok('invalid Route header');
      return;
    }
    const target = targetOf(frame.proxy === '' ? (first?.uri ?? uri) : proxyUri(frame.proxy));
    if (!target) {
      nok(`no next hop in ${frame.proxy === '' ? 'the request uri or Route' : 'the outbound proxy'}`);
      return;
    }

    const { transports, ids, dialogs } = this.#context;
    const pinned = this.#requests.challenges.pin(target, message.headers.get('call-id'), uri);
    // RFC 3261 26.2.2: a proxy on the way to a sips: URI must be reached by TLS, whatever its own URI says.
    transports.open({ ...pinned, secure: target.secure === true || isSips(uri) }, (opened) => {
      if (!client.alive) return;
      const flow = opened.ok ? opened.value : transports.anyFlow();
      const build = (way: Flow): ReturnType<typeof buildOutside> =>
        buildOutside(method, uri, message, way, ids);
      buildFitting(flow, build, (built) => {
        if (!client.alive) return;
        if (!built.ok) return nok(built.error);
        const request = built.value;
        let dialog: Dialog | undefined;
        const forms = FORMING.has(method);
        if (forms) {
          dialog = dialogOf(client, request, request.contact);
          if (dialogs.ofClient(dialog.id, client) || dialogs.has('uac', dialog.id))
            return nok('a dialog with this Call-ID and From tag exists');
          dialogs.add(dialog);
          if (dialog.isCall) this.sessions.describe(dialog, request.headers, request.bytes);
        }
        const out = this.#requests.add(client, request, dialog, forms);
        this.#requests.confirm(frame.id, out);
        this.#requests.start(out, opened.ok ? undefined : opened.error);
      });
    });
  }

  /** A request frame for a dialog. */
  sendInside(client: AppClient, frame: AppFrame, message: RequestMessage, dialog: Dialog): void {
    const { method } = message.start;
    const nok = (text: string): void => client.send(`response|${frame.id}|NOK|${text}`);
    if (method === 'CANCEL') {
      nok('CANCEL needs a transaction');
      return;
    }
    if (method === 'ACK') {
      this.#sendAck(client, frame, message, dialog);
      return;
    }
    if (method === 'BYE' && dialog.ownBye) {
      dialog.ownBye.join(client, frame.id);
      return;
    }
    if (!dialog.serves(method) && method !== 'BYE') {
      nok('Server error: unable to find dialog for dialog id provided');
      return;
    }
    if (this.#waits(client, frame, message, dialog)) return;
    // RFC 3261 14.1: none while another is in progress, whoever sent it.
    const theirs = this.#peers.pending(dialog, 'INVITE');
    if (method === 'INVITE' && (this.#requests.pendingInvite(dialog) || (theirs && !theirs.held))) {
      nok('another INVITE is in progress in this dialog');
      return;
    }
    if (method === 'BYE' && theirs?.initial && !theirs.held) {
      // RFC 3261 15: the callee ends an early dialog with a failure.
      nok('the INVITE has not been answered');
      return;
    }
    const wanted = wantedSeq(message.headers);
    if (!wanted.ok) {
      nok(wanted.error);
      return;
    }
    dialog.localSeq = Math.max(dialog.localSeq + 1, wanted.value ?? 0);
    const seq = dialog.localSeq;
    if (method === 'BYE') this.#settlePending(dialog);
    const rack = method === 'PRACK' ? (message.headers.get('rack') ?? '') : '';
    const remote = this.#requests.forkOf(dialog, rack);

    const launch = (opened: Result<Flow, Error>): void => {
      if (!client.alive || this.#waits(client, frame, message, dialog)) return;
      const renewed = this.sessions.renew(dialog, message);
      const build = (way: Flow): Result<WireRequest, string> =>
        buildInside(dialog, method, seq, renewed, way, this.#context.ids, remote);
      this.#inDialog.fit(dialog, opened.ok ? opened.value : dialog.flow, build, (built) => {
        if (!client.alive) return;
        if (!built.ok) return nok(built.error);
        this.#launch(client, frame, built.value, dialog, opened.ok ? undefined : opened.error);
      });
    };
    this.#inDialog.open(dialog, launch, remote);
  }

  /** Before our BYE: re-INVITEs under way end, ours with CANCEL, the peer's with 487 (RFC 3261 15.1). */
  #settlePending(dialog: Dialog): void {
    this.#requests.cancelPending(dialog);
    const reinvite = this.#peers.pending(dialog, 'INVITE');
    if (reinvite && !reinvite.initial) this.#peers.answer(reinvite, 487);
  }

  #launch(
    client: AppClient,
    frame: AppFrame,
    request: WireRequest,
    dialog: Dialog,
    failure: Error | undefined,
  ): void {
    const { method } = request;
    if (method === 'PRACK') this.sessions.describe(dialog, request.headers, request.bytes);
    if (method === 'INVITE') dialog.contact = request.headers.get('contact') ?? dialog.contact;
    const out = this.#requests.add(client, request, dialog, false);
    const start = (): void => this.#requests.start(out, failure);
    this.#requests.confirm(frame.id, out);
    if (method === 'BYE') {
      this.#context.cdrs.stop(dialog, 'application', 'normal-release', () => out.request.bytes);
      dialog.state = 'terminated';
      dialog.sessionTimer?.stop();
    }
    // RFC 3261 14.1, 15: the callee's re-INVITE and BYE wait for the ACK of its 2xx, or for that to time out.
    const waits = (method === 'BYE' || method === 'INVITE') && dialog.answering;
    if (waits) dialog.afterAck.push(start);
    else start();
  }

  /** Whether it has to wait for a refresh of the server's own, of which the application knows nothing. */
  #waits(client: AppClient, frame: AppFrame, message: RequestMessage, dialog: Dialog): boolean {
    const refresh = this.#requests.pendingInvite(dialog)?.own;
    const { method } = message.start;
    const offers = method === 'INVITE' || (method === 'UPDATE' && message.body.length > 0);
    if (!refresh || !offers) return false;
    refresh.waiting.push(() => this.sendInside(client, frame, message, dialog));
    return true;
  }

  /** A request of the server's own in the application's place. */
  #sendOwn(dialog: Dialog, message: AppMessage, onRefused: OwnRequest['onRefused']): void {
    const method = message.start.kind === 'request' ? message.start.method : '';
    dialog.localSeq += 1;
    const seq = dialog.localSeq;
    this.#inDialog.open(dialog, (opened) => {
      if (dialog.state !== 'confirmed') return;
      const flow = opened.ok ? opened.value : dialog.flow;
      const built = buildInside(dialog, method, seq, message, flow, this.#context.ids);
      // The application's INVITE may have come while the next hop was looked up.
      if (!built.ok || this.#requests.pendingInvite(dialog)) {
        onRefused(built.ok ? 491 : 500, new Headers());
        return;
      }
      const own = { onRefused, waiting: [] };
      const out = this.#requests.add(dialog.client, built.value, dialog, false, own);
      this.#requests.start(out, opened.ok ? undefined : opened.error);
    });
  }

  /** ACK of a 2xx: stored, and sent once more for each 2xx that comes again (RFC 3261 13.2.2.4). */
  #sendAck(client: AppClient, frame: AppFrame, message: RequestMessage, dialog: Dialog): void {
    const nok = (text: string): void => client.send(`response|${frame.id}|NOK|${text}`);
    let seq = -1;
    for (const [number, ack] of dialog.acks) if (ack === 'wanted') seq = Math.max(seq, number);
    if (seq < 0) {
      nok('no 2xx response awaits an ACK in this dialog');
      return;
    }
    this.#inDialog.open(dialog, (opened) => {
      const invite = this.#requests.lastInvite(dialog)?.request;
      const build = (way: Flow): Result<WireRequest, string> =>
        this.#inDialog.buildAck(dialog, seq, invite, message, way);
      this.#inDialog.fit(dialog, opened.ok ? opened.value : dialog.flow, build, (built) => {
        if (!built.ok) return nok(built.error);
        const { bytes, flow, headers } = built.value;
        const now = this.#context.clock.now();
        client.send(requestSentFrame(frame.id, bytes.length, flow, now, this.#context.ids.uuid()), bytes);
        this.sessions.describe(dialog, headers, bytes);
        this.#inDialog.sendAck(dialog, seq, bytes, flow);
        if (dialog.endAfterAck) this.endDialog(dialog, ENDS[dialog.endAfterAck]);
      });
    });
  }

  /** A CANCEL frame for an INVITE of this client. */
  cancel(client: AppClient, frame: AppFrame, message: RequestMessage): void {
    const out = this.#requests.find(frame.transactionId);
    const nok = (text: string): void => client.send(`response|${frame.id}|NOK|${text}`);
    if (!out || out.client !== client || out.request.method !== 'INVITE') {
      nok('unknown transaction id');
      return;
    }
    if (out.final) {
      nok('the INVITE has had its final response');
      return;
    }
    if (out.cancel) {
      nok('the INVITE is being cancelled');
      return;
    }
    const { bytes, flow } = this.#requests.cancel(out, message);
    const now = this.#context.clock.now();
    client.send(requestSentFrame(frame.id, bytes.length, flow, now, out.id), bytes);
    this.#requests.flushCancel(out);
  }

  // ---- for the other half ---------------------------------------------------------------------------------

  /** Ends a confirmed dialog from here: BYE to the peer, and the same BYE to the application as unsolicited. */
  endDialog(dialog: Dialog, why: End): void {
    // RFC 3261 13.2.2.4: each 2xx has its ACK, even when the application that owes it is gone.
    const invite = this.#requests.lastInvite(dialog)?.request;
    for (const [seq, ack] of dialog.acks)
      if (ack === 'wanted' && invite) this.#inDialog.acknowledge(dialog, seq, invite);
    this.#ending.end(dialog, why);
  }

  /** Whether an INVITE of ours waits for its final response: an INVITE from the peer is then glare (14.2). */
  hasPendingInvite(dialog: Dialog): boolean {
    return this.#requests.pendingInvite(dialog) !== undefined;
  }

  /** Whether an offer of ours waits for its answer: an offer from the peer is then glare (RFC 3311 5.2). */
  awaitsAnswer(dialog: Dialog): boolean {
    return this.#requests.awaitsAnswer(dialog);
  }

  #isBusy(dialog: Dialog): boolean {
    const unacked = dialog.unacked.size > 0 || [...dialog.acks.values()].includes('wanted');
    return unacked || this.#requests.isOffering(dialog) || this.#peers.isOffered(dialog);
  }

  /** A response without a transaction: a late 2xx is released, the rest dropped. */
  onStray(branch: string, response: SipResponse, flow: Flow): void {
    if (!this.#answers.onStray(branch, response, flow)) this.#context.counters.add('strayResponses');
  }

  onGone(client: AppClient): void {
    this.#requests.onGone(client);
  }

  close(): void {
    this.#requests.close();
    this.#answers.close();
  }
}

/** An outbound proxy as applications write it: a URI, bare or in brackets, or host and port. Its `;transport` counts. */
function proxyUri(text: string): string {
  const bare = /^[^<]*<([^>]*)>/.exec(text)?.[1] ?? text;
  return /^sips?:/i.test(bare) ? bare : `sip:${bare}`;
}
