import { type Dialog, MAX_FORKS, remoteFrom } from '../dialog/dialog.ts';
import type { SipResponse } from '../message/message.ts';
import { REASONS } from '../message/names.ts';
import { serializeMessage } from '../message/serialize.ts';
import { T1x64, Timers } from '../transaction/timers.ts';
import type { Flow } from '../transport/transport.ts';
import type { AppClient } from '../wire/client.ts';
import type { InviteEvents } from './client-responses.ts';
import type { EngineContext } from './context.ts';
import { type DialogEnd, ENDS } from './dialog-end.ts';
import type { InDialog } from './in-dialog.ts';
import { deliverResponse, dialogOf, type OutgoingRequest } from './outgoing-request.ts';
import type { SessionTimers } from './session-timers.ts';
import { buildSynthetic, type WireRequest } from './wire-request.ts';

/** An INVITE whose 2xx is not wanted any more. */
type Unwanted = Pick<OutgoingRequest, 'request' | 'client' | 'refused'>;

/** Of a server that died. */
const NOBODY: AppClient = { id: 0, alive: false, send: () => {} };

/** The 2xx to INVITEs of ours: the first, the same again, those of other forks, and those too late (RFC 3261 13.2.2.4). */
export class AcceptedAnswers implements InviteEvents {
  readonly #context: EngineContext;
  readonly #inDialog: InDialog;
  readonly #ending: DialogEnd;
  /** INVITEs given up while a peer may still accept them; by branch. */
  readonly #abandoned = new Map<string, Unwanted>();
  readonly #sessions: SessionTimers;
  readonly #timers: Timers;

  constructor(context: EngineContext, inDialog: InDialog, ending: DialogEnd, sessions: SessionTimers) {
    this.#sessions = sessions;
    this.#context = context;
    this.#inDialog = inDialog;
    this.#ending = ending;
    this.#timers = new Timers(context.clock);
  }

  onAccepted(out: OutgoingRequest, dialog: Dialog, response: SipResponse, flow: Flow, first: boolean): void {
    if (first) {
      this.#onFirst(out, dialog, response, flow);
      return;
    }
    const late = this.#abandoned.has(out.request.branch);
    if (late || dialog.remote?.tag !== (response.toTag ?? '')) {
      this.#refuse(out, response, flow);
      return;
    }
    const ack = dialog.acks.get(out.request.seq);
    this.#context.counters.add('retransmissionsIn');
    if (ack !== undefined && ack !== 'wanted') {
      this.#context.counters.add('retransmissionsOut');
      this.#inDialog.transmit(ack.bytes, ack.flow);
    }
  }

  #onFirst(out: OutgoingRequest, dialog: Dialog, response: SipResponse, flow: Flow): void {
    const { nat } = this.#context;
    if (out.initial) {
      const early = dialog.forks.get(response.toTag ?? '');
      dialog.remote = remoteFrom(response, flow, nat, early?.target ?? out.request.uri);
      dialog.remote.seq = early?.seq;
      dialog.forks.clear();
      if (dialog.state === 'early') dialog.state = 'confirmed';
    } else dialog.refresh(response, flow, nat);
    if (out.initial) this.#context.cdrs.start(out, dialog, 'network', () => serializeMessage(response));
    dialog.acks.set(out.request.seq, 'wanted');
    this.#sessions.onAccepted(dialog, out.request, response);
    if (out.initial && out.cancel) dialog.endAfterAck = 'cancelled';
    // drachtio-srf makes no dialog of it, so nobody would hang up.
    else if (out.initial && !response.headers.has('contact')) dialog.endAfterAck = 'noContact';
    if (!out.client.alive || dialog.state === 'terminated') {
      this.#release(out, dialog);
      return;
    }
    if (out.own) this.#inDialog.acknowledge(dialog, out.request.seq, out.request);
    else deliverResponse(this.#context, out, serializeMessage(response), flow);
  }

  /** An accepted INVITE whose application is gone, or has hung up meanwhile. */
  #release(out: OutgoingRequest, dialog: Dialog): void {
    // To one that hung up the INVITE has been cancelled, and it wants to hear how it ended.
    deliverResponse(this.#context, out, buildSynthetic(out.request, 487, REASONS[487] ?? ''), undefined);
    this.#inDialog.acknowledge(dialog, out.request.seq, out.request);
    if (dialog.state !== 'terminated') this.#ending.end(dialog, ENDS.appGone);
    else if (out.initial) this.#byeLate(dialog);
  }

  /** The application hung up before the answer came. */
  #byeLate(dialog: Dialog): void {
    const { reason, record } = ENDS.cancelled;
    this.#inDialog.bye(dialog, reason, ({ bytes }) =>
      this.#context.cdrs.stop(dialog, 'application', record, () => bytes),
    );
  }

  /** Timer M: an application that never acknowledged a 2xx has lost the call; its peer gave up long ago. */
  onForgotten(out: OutgoingRequest): void {
    const { dialog, request } = out;
    if (dialog?.acks.get(request.seq) !== 'wanted') {
      // No 2xx of it can come again.
      dialog?.acks.delete(request.seq);
      return;
    }
    this.#inDialog.acknowledge(dialog, request.seq, request);
    if (dialog.state === 'confirmed') this.#ending.end(dialog, ENDS.noAck);
  }

  /** A 2xx may still come, even after a failure (RFC 3261 16.7): it will get ACK and BYE. */
  onGivenUp(out: OutgoingRequest): void {
    if (out.request.method === 'INVITE' && out.initial) this.#abandon(out);
  }

  /** The same of an INVITE that a server before this one sent. */
  expectLate(request: WireRequest): void {
    this.#abandon({ request, client: NOBODY, refused: new Map() });
  }

  #abandon(out: Unwanted): void {
    const { branch } = out.request;
    this.#abandoned.set(branch, out);
    this.#timers.set(`abandoned ${branch}`, T1x64, () => this.#abandoned.delete(branch));
  }

  /** A response without a transaction: whether it was a late 2xx, which is released. */
  onStray(branch: string, response: SipResponse, flow: Flow): boolean {
    const out = this.#abandoned.get(branch);
    const accepts = response.cseq.method === 'INVITE' && response.status >= 200 && response.status < 300;
    if (!out || !accepts) return false;
    this.#refuse(out, response, flow);
    return true;
  }

  /** ACK and BYE for an answer that nobody waits for: a second fork, or one that came too late. */
  #refuse(out: Unwanted, response: SipResponse, flow: Flow): void {
    const { request, client, refused } = out;
    const known = refused.get(response.toTag ?? '')?.acks.get(request.seq);
    if (known !== undefined) {
      if (known !== 'wanted') this.#inDialog.transmit(known.bytes, known.flow);
      return;
    }
    if (refused.size >= MAX_FORKS) return;
    const fork = dialogOf(client, request, request.headers.get('contact') ?? '');
    fork.remote = remoteFrom(response, flow, this.#context.nat, request.uri);
    fork.acks.set(request.seq, 'wanted');
    refused.set(response.toTag ?? '', fork);
    this.#context.log.info({ callId: fork.callId }, 'sip_server.extra_answer_released');
    this.#inDialog.acknowledge(fork, request.seq, request);
    this.#inDialog.bye(fork, 'SIP;cause=200;text="Call completed elsewhere"');
  }

  close(): void {
    this.#timers.clearAll();
    this.#abandoned.clear();
  }
}
