import { failureFrom, type GraphFailure } from './failure.ts';
import { messageIdOfReply } from './reply.ts';
import { type AcceptTimeout, type GraphRequester, SPARED } from './requester.ts';
import type { CallButton, CallingMessage, CallingTemplate } from './wire-page.ts';

export type MessageOutcome =
  | { readonly ok: true; readonly messageId?: string }
  | { readonly ok: false; readonly failure: GraphFailure };

/** A message with a button that calls the Page. */
export interface ButtonMessage {
  /** On the button; Meta wants one. */
  readonly title: string;
  /** Whole days from 1 to 7. Default Meta's, 7. */
  readonly expiresInDays?: number;
  /** Above the button, as a `button` template; or a card with a heading, as a `generic` one. */
  readonly above:
    | { readonly template: 'button'; readonly text: string }
    | { readonly template: 'generic'; readonly heading: string; readonly subtitle?: string };
}

/** Longest life of a button, days. Of prompts no longest is published. */
export const MAX_BUTTON_DAYS = 7;

/**
 * `POST /{page}/messages` with calling templates. Never repeated: a message whose reply was lost may have been sent,
 * and requests for permission count (two to a person in 24 hours). None goes out while the quota runs low.
 */
export class Messages {
  readonly #requester: GraphRequester;
  readonly #timeouts: AcceptTimeout;

  constructor(requester: GraphRequester, timeouts: AcceptTimeout) {
    this.#requester = requester;
    this.#timeouts = timeouts;
  }

  /** `calling_optin`: asks the consumer to permit calls. */
  requestPermission(pageId: string, psid: string): Promise<MessageOutcome> {
    return this.#send(pageId, psid, { template_type: 'calling_optin' });
  }

  /**
   * `call_prompt`: invites the consumer to call.
   *
   * @param ttlDays whole days, 1 or more; default Meta's, 7
   */
  async prompt(pageId: string, psid: string, ttlDays?: number): Promise<MessageOutcome> {
    if (ttlDays !== undefined && !isDays(ttlDays, Number.MAX_SAFE_INTEGER))
      return notSent('ttl_days is a whole number of days, 1 or more');
    const ttl = ttlDays === undefined ? {} : { ttl_days: ttlDays };
    return this.#send(pageId, psid, { template_type: 'call_prompt', ...ttl });
  }

  /** A message with an `audio_call` button. */
  async button(pageId: string, psid: string, message: ButtonMessage): Promise<MessageOutcome> {
    const { title, expiresInDays, above } = message;
    if (title.trim() === '') return notSent('the button has no title');
    if (expiresInDays !== undefined && !isDays(expiresInDays, MAX_BUTTON_DAYS))
      return notSent(`expires_in_days is a whole number from 1 to ${MAX_BUTTON_DAYS}`);
    const heading = above.template === 'button' ? above.text : above.heading;
    if (heading.trim() === '') return notSent('there is no text above the button');
    const button: CallButton = {
      type: 'audio_call',
      title,
      ...(expiresInDays === undefined ? {} : { expires_in_days: expiresInDays }),
    };
    return this.#send(
      pageId,
      psid,
      above.template === 'button'
        ? { template_type: 'button', text: above.text, buttons: [button] }
        : {
            template_type: 'generic',
            elements: [
              {
                title: above.heading,
                ...(above.subtitle === undefined ? {} : { subtitle: above.subtitle }),
                buttons: [button],
              },
            ],
          },
    );
  }

  async #send(pageId: string, psid: string, payload: CallingTemplate): Promise<MessageOutcome> {
    if (this.#requester.runsLow(pageId)) return { ok: false, failure: SPARED };
    const body: CallingMessage = {
      recipient: { id: psid },
      message: { attachment: { type: 'template', payload } },
    };
    const reply = await this.#requester.send({
      pageId,
      action: payload.template_type,
      path: `/${pageId}/messages`,
      body,
      timeoutMs: this.#timeouts.acceptMs,
    });
    if (!reply.ok) return reply;
    const messageId = messageIdOfReply(reply.body);
    return { ok: true, ...(messageId === undefined ? {} : { messageId }) };
  }
}

function isDays(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}

function notSent(why: string): MessageOutcome {
  return {
    ok: false,
    failure: failureFrom({ kind: 'invalid', sipStatus: 500, meaning: `not sent: ${why}` }),
  };
}
