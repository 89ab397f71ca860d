import type { Dialog } from '../dialog/dialog.ts';
import type { SipResponse } from '../message/message.ts';
import { REASONS } from '../message/names.ts';
import { serializeMessage } from '../message/serialize.ts';
import type { Flow } from '../transport/transport.ts';
import type { AppClient } from '../wire/client.ts';
import { requestSentFrame } from '../wire/sip-frames.ts';
import { deliver, type EngineContext } from './context.ts';
import { buildSynthetic, type WireRequest } from './wire-request.ts';

/** The final response to a request, and the way that it came. */
export interface Answer {
  readonly response: SipResponse;
  readonly flow: Flow;
}

interface Joined {
  readonly client: AppClient;
  readonly transactionId: string;
}

/**
 * A BYE of the server's own. The application's beside it is not sent, for no peer shall get two, but has the answer to this
 * one: it knows then that the peer has hung up, and does not go away before.
 */
export class OwnBye {
  readonly #context: EngineContext;
  readonly #dialog: Dialog;
  #request: WireRequest | undefined;
  #isOver = false;
  /** Frames that came before it was sent. */
  #early: { readonly client: AppClient; readonly frameId: string }[] = [];
  #joined: Joined[] = [];

  constructor(context: EngineContext, dialog: Dialog) {
    this.#context = context;
    this.#dialog = dialog;
  }

  /** It goes out. */
  sent(request: WireRequest): void {
    this.#request = request;
    for (const { client, frameId } of this.#early.splice(0)) this.join(client, frameId);
  }

  /** It has its answer, or none is to come. */
  over(answer: Answer | undefined): void {
    this.#isOver = true;
    for (const { client, frameId } of this.#early.splice(0)) this.join(client, frameId);
    const request = this.#request;
    if (!request) return;
    const message = answer
      ? serializeMessage(answer.response)
      : buildSynthetic(request, 408, REASONS[408] ?? '');
    for (const { client, transactionId } of this.#joined.splice(0)) {
      const about = { flow: answer?.flow, transactionId, dialogId: this.#dialog.id, isRequest: false };
      if (client.alive) deliver(this.#context, client, message, about);
    }
  }

  /** A BYE frame of the application. */
  join(client: AppClient, frameId: string): void {
    if (!client.alive) return;
    if (this.#isOver)
      return client.send(
        `response|${frameId}|NOK|Server error: unable to find dialog for dialog id provided`,
      );
    if (!this.#request) return void this.#early.push({ client, frameId });
    const { bytes, flow } = this.#request;
    const transactionId = this.#context.ids.uuid();
    this.#joined.push({ client, transactionId });
    client.send(
      requestSentFrame(frameId, bytes.length, flow, this.#context.clock.now(), transactionId),
      bytes,
    );
  }
}
