import type { Clock } from '../../shared/clock.ts';
import type { Dialog } from '../dialog/dialog.ts';
import type { AppClient } from '../wire/client.ts';
import { type FrameSource, frameTime } from '../wire/sip-frames.ts';

/** Why a call is over, in a drachtio-server's words. */
export type StopReason =
  | 'call-rejected'
  | 'call-canceled'
  | 'normal-release'
  | 'session-expired'
  | 'system-initiated-termination'
  | 'system-error-initiated-termination';

/**
 * Call detail records: an attempt for each first INVITE that an application sent or was given, a start when it is
 * accepted, one stop. Each kind goes to the applications that route it, in turn; nobody else pays for it.
 */
export class Cdrs {
  readonly #clock: Clock;
  readonly #pick: (verb: string) => AppClient | undefined;
  readonly #attempted = new WeakSet<object>();
  readonly #started = new WeakSet<Dialog>();

  constructor(clock: Clock, pick: (verb: string) => AppClient | undefined) {
    this.#clock = clock;
    this.#pick = pick;
  }

  /**
   * @param invite what stands for the INVITE until it is answered
   * @param source who sent `message`: a peer or an application
   */
  attempt(invite: object, source: FrameSource, message: () => Buffer): void {
    this.#attempted.add(invite);
    this.#send(`cdr:attempt|${source}|${this.#time()}`, message);
  }

  start(invite: object, dialog: Dialog, source: FrameSource, message: () => Buffer): void {
    if (!this.#attempted.delete(invite)) return;
    this.#started.add(dialog);
    this.#send(`cdr:start|${source}|${this.#time()}|${dialog.role}`, message);
  }

  /** The end of an INVITE without success or of a call; only the first time. */
  stop(call: object, source: FrameSource, reason: StopReason, message: () => Buffer): void {
    const known = this.#attempted.delete(call) || this.#started.delete(call as Dialog);
    if (known) this.#send(`cdr:stop|${source}|${this.#time()}|${reason}`, message);
  }

  #time(): string {
    return frameTime(this.#clock.now());
  }

  #send(tokens: string, message: () => Buffer): void {
    this.#pick(tokens.slice(0, tokens.indexOf('|')))?.send(tokens, message());
  }
}
