import { type OnLink, safely } from './context.ts';
import { type EarlyMedia, earlyMediaOf } from './early-media.ts';
import { parseNameAddr } from './grammar.ts';
import { ALLOW, SUPPORTED } from './headers.ts';
import type { InboundRequest, InboundResponse } from './link.ts';
import { grantedSession } from './session-expires.ts';
import { sdpOf } from './transact.ts';
import type { InviteEvents } from './types.ts';

type OnUpdate = NonNullable<InviteEvents['onUpdate']>;

/** Forks of one INVITE that are remembered. */
const MAX_FORKS = 20;

interface EarlyDialog {
  /** The answer of its last 18x. */
  readonly answer: string;
  /** The last offer by UPDATE that we answered. */
  offer?: string;
}

/**
 * The early dialogs of one INVITE of ours, by the tag of the other side (RFC 3261 12.1.2): what each has answered, and
 * its UPDATEs (RFC 3311).
 */
export class EarlyDialogs {
  readonly #on: OnLink;
  readonly #events: InviteEvents;
  readonly #dialogs = new Map<string, EarlyDialog>();

  constructor(on: OnLink, events: InviteEvents) {
    this.#on = on;
    this.#events = events;
  }

  /** A 18x of that fork brought an answer. */
  answered(tag: string, answer: string): void {
    const known = this.#dialogs.get(tag);
    if (!known && this.#dialogs.size >= MAX_FORKS) return;
    // What an UPDATE has agreed on since is not undone by the first answer said again (RFC 3261 13.2.1).
    this.#dialogs.set(tag, known?.offer === undefined ? { answer } : known);
  }

  /** A 200 without SDP confirms the answer of its early dialog (RFC 6337 3.1.1). */
  answerOf(tag: string): string | undefined {
    return this.#dialogs.get(tag)?.answer;
  }

  /**
   * Whether the session is what an UPDATE of that fork agreed on; the SDP of its 200 counts only where it is newer than
   * that: a PBX that sends its answer unreliably may have another in store (RFC 6337 3.1.1).
   */
  isUpdated(tag: string, final: string | undefined): boolean {
    const offer = this.#dialogs.get(tag)?.offer;
    return offer !== undefined && !(final !== undefined && versionOf(final) > versionOf(offer));
  }

  /** The answer to our PRACK. */
  onPracked(answer: InboundResponse, toTag: string): void {
    this.#tell(toTag, earlyMediaOf(answer));
  }

  /** An UPDATE before the answer. `live`: the INVITE is neither settled nor being cancelled. */
  onUpdate(request: InboundRequest, live: boolean): void {
    const headers = { 'User-Agent': this.#on.userAgent, Allow: ALLOW, Supported: SUPPORTED };
    const toTag = parseNameAddr(request.header('from')).params.get('tag') ?? '';
    const earlyMedia = earlyMediaOf(request);
    if (request.body === '') {
      request.respond(200, { headers: { ...headers, ...grantedSession(request) } });
      if (live) this.#tell(toTag, earlyMedia);
      return;
    }
    if (!live) return request.respond(487, { headers });
    const sdp = sdpOf(request);
    if (sdp === undefined)
      return request.respond(415, { headers: { ...headers, Accept: 'application/sdp' } });
    // RFC 3311 5.2: our offer has no answer yet in this dialog.
    const dialog = this.#dialogs.get(toTag);
    if (!dialog) return request.respond(491, { headers });
    const answer = this.#ask({ toTag, sdp, ...(earlyMedia === undefined ? {} : { earlyMedia }) });
    if (!('sdp' in answer)) return request.respond(answer.status, { headers });
    dialog.offer = sdp;
    const type = { 'Content-Type': 'application/sdp' };
    request.respond(200, { headers: { ...headers, ...grantedSession(request), ...type }, body: answer.sdp });
  }

  #ask(update: Parameters<OnUpdate>[0]): ReturnType<OnUpdate> {
    try {
      return this.#events.onUpdate?.(update) ?? { status: 488 };
    } catch (error) {
      this.#on.log.error({ err: error, event: 'onUpdate' }, 'sip.handler-threw');
      return { status: 500 };
    }
  }

  #tell(toTag: string, earlyMedia: EarlyMedia | undefined): void {
    if (earlyMedia === undefined) return;
    safely(this.#on.log, 'onEarlyMedia', () => this.#events.onEarlyMedia?.({ toTag, earlyMedia }));
  }
}

/** The `o=` version of a description (RFC 8866 5.2); numbers beyond 2^53 are compared as near as they can be. */
const versionOf = (sdp: string): number => Number(/^o=\S+ \S+ (\d{1,20})/m.exec(sdp)?.[1] ?? 0);
