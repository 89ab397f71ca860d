import type { PermissionReplyEvent } from '../meta/index.ts';

/** What a consumer said when asked for permission to call. */
export interface PermissionReply {
  readonly response: 'approve' | 'reject';
  /** Milliseconds since the epoch: by Meta's clock where it tells, else when it arrived. */
  readonly atMs: number;
  /** Of the permission, when Meta names it. */
  readonly expiresAtMs?: number;
}

/** Consumers remembered; who answered longest ago is forgotten. */
const MAX_KEPT = 10_000;

/** The last answer of each consumer, as long as the process lives: nobody is called because of it. */
export class PermissionReplies {
  readonly #replies = new Map<string, PermissionReply>();
  readonly #max: number;

  constructor(max = MAX_KEPT) {
    this.#max = max;
  }

  /** @returns false when a later answer is known: webhooks come in any order */
  remember(
    { pageId, consumerId, response, timestampMs, expirationMs }: PermissionReplyEvent,
    now: number,
  ): boolean {
    const key = `${pageId} ${consumerId}`;
    const atMs = timestampMs ?? now;
    if ((this.#replies.get(key)?.atMs ?? Number.NEGATIVE_INFINITY) > atMs) return false;
    this.#replies.delete(key);
    this.#replies.set(key, {
      response,
      atMs,
      ...(expirationMs === undefined ? {} : { expiresAtMs: expirationMs }),
    });
    for (const oldest of this.#replies.keys()) {
      if (this.#replies.size <= this.#max) break;
      this.#replies.delete(oldest);
    }
    return true;
  }

  of(pageId: string, psid: string): PermissionReply | undefined {
    return this.#replies.get(`${pageId} ${psid}`);
  }
}
