import { err, ok, type Result } from '../../shared/result.ts';
import { type Dialog, routing } from '../dialog/dialog.ts';
import { Headers } from '../message/headers.ts';
import type { ClientEvents } from '../transaction/transaction.ts';
import { type Flow, MisledError } from '../transport/transport.ts';
import type { AppMessage } from './app-message.ts';
import type { EngineContext } from './context.ts';
import { buildFitting } from './large.ts';
import type { Answer } from './own-bye.ts';
import { buildInside, redirect, targetOf, type WireRequest } from './wire-request.ts';

const NO_BODY = Buffer.alloc(0);

/** The way into a dialog, and the requests that the server sends there by itself: ACK, BYE. */
export class InDialog {
  readonly #context: EngineContext;
  /** Requests behind one that waits for a connection. */
  readonly #held = new WeakMap<Dialog, (() => void)[]>();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** The flow to the dialog's next hop; at once unless that is a host name. */
  open(dialog: Dialog, done: (flow: Result<Flow, Error>) => void, remote = dialog.remote): void {
    const held = this.#held.get(dialog);
    if (held) {
      held.push(() => this.open(dialog, done, remote));
      return;
    }
    // A peer behind NAT is reached on the connection it made, as long as that lives.
    if (remote?.behind?.isOpen()) {
      done(ok(remote.behind));
      return;
    }
    const target = remote && targetOf(routing(remote).nextHop, dialog.flow.protocol);
    if (!target) done(err(new Error('the dialog has no remote target')));
    else
      this.#context.transports.open(
        { ...target, prefer: dialog.flow, namedBy: dialog.flow.remote.address },
        // What points where it may not is answered where it came from: its dialog must be ended all the same.
        (opened) => done(!opened.ok && opened.error instanceof MisledError ? ok(dialog.flow) : opened),
      );
  }

  /** As `buildFitting`; what else goes into the dialog meanwhile waits, for its CSeq is higher. */
  fit(
    dialog: Dialog,
    flow: Flow,
    build: (flow: Flow) => Result<WireRequest, string>,
    done: (built: Result<WireRequest, string>) => void,
  ): void {
    const held: (() => void)[] = [];
    this.#held.set(dialog, held);
    buildFitting(flow, build, (built) => {
      this.#held.delete(dialog);
      // The dialog stays on the stream: on another socket a later request could still arrive first.
      if (built.ok && built.value.flow.protocol !== flow.protocol) dialog.flow = built.value.flow;
      done(built);
      for (const next of held.splice(0)) next();
    });
  }

  /**
   * ACK for the 2xx to one INVITE of the dialog; `message` is the application's. It carries the credentials of the
   * INVITE (RFC 3261 13.2.2.4, 22.1). The failure is a NOK text.
   */
  buildAck(
    dialog: Dialog,
    seq: number,
    invite: WireRequest | undefined,
    message: AppMessage | undefined,
    flow: Flow,
  ): Result<WireRequest, string> {
    const headers = new Headers();
    for (const field of message?.headers ?? []) headers.append(field.name, field.value);
    for (const key of ['authorization', 'proxy-authorization']) {
      if (invite?.seq === seq && !headers.has(key)) headers.copy(invite.headers, key);
    }
    const start = { kind: 'request', method: 'ACK', uri: '' } as const;
    const whole = { start, headers, body: message?.body ?? NO_BODY };
    return buildInside(dialog, 'ACK', seq, whole, flow, this.#context.ids);
  }

  /** Sends the ACK and keeps it for 2xx that come again. */
  sendAck(dialog: Dialog, seq: number, bytes: Buffer, flow: Flow): void {
    dialog.acks.set(seq, { bytes, flow });
    this.#context.counters.request('out', 'ACK');
    this.transmit(bytes, flow);
  }

  /** An empty ACK of the server's own. */
  acknowledge(dialog: Dialog, seq: number, invite: WireRequest): void {
    this.open(dialog, (opened) => {
      const flow = opened.ok ? opened.value : dialog.flow;
      const built = this.buildAck(dialog, seq, invite, undefined, flow);
      if (built.ok) this.sendAck(dialog, seq, built.value.bytes, flow);
    });
  }

  /** BYE of the server's own; see `send`. */
  bye(
    dialog: Dialog,
    reason: string,
    sent?: (bye: WireRequest) => void,
    done?: (answer?: Answer) => void,
  ): void {
    this.send(dialog, 'BYE', new Headers().append('Reason', reason), sent, done);
  }

  /**
   * A request of the server's own, without body.
   *
   * @param sent told what goes out
   * @param done called once, when it has its final response or none is to come
   */
  send(
    dialog: Dialog,
    method: string,
    headers: Headers,
    sent?: (request: WireRequest) => void,
    done?: (answer?: Answer) => void,
  ): void {
    dialog.localSeq += 1;
    const seq = dialog.localSeq;
    this.open(dialog, (opened) => {
      const flow = opened.ok ? opened.value : dialog.flow;
      const start = { kind: 'request', method, uri: '' } as const;
      const message = { start, headers, body: NO_BODY };
      const built = buildInside(dialog, method, seq, message, flow, this.#context.ids);
      if (built.ok) sent?.(built.value);
      if (built.ok && opened.ok) this.#sendOnward(built.value, done);
      else done?.();
    });
  }

  /** `sendAlone`, to one address after the other (RFC 3263 4.3). */
  #sendOnward(request: WireRequest, done?: (answer?: Answer) => void): void {
    this.sendAlone(request, done, () => {
      const flow = request.flow.next?.();
      if (flow) this.#sendOnward(redirect(request, flow, this.#context.ids), done);
      else done?.();
    });
  }

  /**
   * A request outside INVITE whose outcome no application waits for.
   *
   * @param lost called instead of `done` when the peer was not reached or said nothing
   */
  sendAlone(
    request: Pick<WireRequest, 'method' | 'branch' | 'bytes' | 'flow'>,
    done: (answer?: Answer) => void = () => {},
    lost: () => void = done,
  ): void {
    let heard = false;
    const { transactions, counters } = this.#context;
    const events: ClientEvents = {
      onResponse: (response, flow) => {
        counters.response('in', request.method, response.status);
        heard = true;
        if (response.status >= 200) done({ response, flow });
      },
      onTimeout: () => (heard ? done() : lost()),
      onTransportError: (error) => {
        this.onSendError(error, request.flow);
        lost();
      },
      onTerminated: () => {},
    };
    counters.request('out', request.method);
    transactions.client(request.method, request.branch, request.bytes, request.flow, events).start();
  }

  transmit(bytes: Buffer, flow: Flow): void {
    flow.send(bytes, (error) => this.onSendError(error, flow));
  }

  onSendError(error: Error, flow: Flow): void {
    this.#context.counters.add('transportErrors');
    this.#context.log.warn({ remote: flow.remote, error: error.message }, 'sip_server.send_failed');
  }
}
