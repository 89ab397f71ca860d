import type { Clock } from '../../shared/clock.ts';
import type { Dialog } from '../dialog/dialog.ts';
import { eventKey, Subscriptions } from '../dialog/subscriptions.ts';
import type { DialogTable } from '../dialog/table.ts';
import { param, parseParams } from '../grammar/params.ts';
import { parseDigits } from '../grammar/scan.ts';
import type { Headers } from '../message/headers.ts';

/** RFC 6665 leaves the default to the event package; this is that of most. */
const DEFAULT_SECONDS = 3600;
/** A REFER's first NOTIFY comes at once and says how long; until then. */
const REFER_SECONDS = 60;
/** setTimeout counts in 31 bits of milliseconds; a day is more than enough between two refreshes. */
const MAX_SECONDS = 86_400;
/** Refusals that end a subscription, of NOTIFY and of its refresh alike (RFC 6665 4.1.2.2, 4.2.2). */
const ENDING: ReadonlySet<number> = new Set([
  404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604,
]);

/** A SUBSCRIBE, REFER or NOTIFY, whoever sent it. */
interface Use {
  readonly method: string;
  readonly headers: Headers;
  /** CSeq number. */
  readonly seq: number;
}

/** The subscriptions in dialogs, as subscriber and as notifier (RFC 6665, 3515): what requests and answers mean for them. */
export class SubscriptionUses {
  readonly #clock: Clock;
  readonly #dialogs: DialogTable;

  constructor(clock: Clock, dialogs: DialogTable) {
    this.#clock = clock;
    this.#dialogs = dialogs;
  }

  /** A request in the dialog has its final answer; `answer` are the headers of that. */
  onAnswered(dialog: Dialog, use: Use, status: number, answer: Headers): void {
    const { method, headers, seq } = use;
    if (!dialog.client.alive) {
      // Nobody is left to hear of it; the 481 to its NOTIFY ends it (RFC 6665 4.1.3). A call gets its BYE.
      if (!dialog.isCall) this.#dialogs.drop(dialog);
      return;
    }
    if (method === 'NOTIFY') this.#onNotify(dialog, headers, status);
    else if (method === 'SUBSCRIBE') {
      const key = eventKey(headers.get('event') ?? '');
      if (status < 300) this.#grant(dialog, key, secondsOf(answer) ?? secondsOf(headers) ?? DEFAULT_SECONDS);
      else if (ENDING.has(status)) dialog.subscriptions?.end(key);
    } else if (method === 'REFER' && status < 300) {
      // RFC 4488: both sides may agree to do without.
      if (answer.get('refer-sub')?.trim().toLowerCase() !== 'false')
        this.#grant(dialog, `refer;id=${seq}`, REFER_SECONDS);
      else if (!dialog.isCall) this.#dialogs.remove(dialog);
    }
  }

  #grant(dialog: Dialog, key: string, seconds: number): void {
    dialog.subscriptions ??= new Subscriptions(this.#clock, () => {
      // A call outlives its subscriptions, and they a call (RFC 5057 4.1).
      if (!dialog.isCall || dialog.state === 'terminated') this.#dialogs.remove(dialog);
    });
    dialog.subscriptions.grant(key, Math.min(seconds, MAX_SECONDS));
  }

  #onNotify(dialog: Dialog, headers: Headers, status: number): void {
    const key = eventKey(headers.get('event') ?? '');
    const state = headers.get('subscription-state') ?? '';
    const semicolon = state.indexOf(';');
    const word = (semicolon < 0 ? state : state.slice(0, semicolon)).trim().toLowerCase();
    if (word === 'terminated' || ENDING.has(status)) {
      dialog.subscriptions?.end(key);
      return;
    }
    const params = (semicolon < 0 ? undefined : parseParams(state, semicolon)) ?? [];
    const seconds = parseDigits(param(params, 'expires') ?? '', 0xffff_ffff);
    dialog.subscriptions?.notified(key, seconds === undefined ? undefined : Math.min(seconds, MAX_SECONDS));
  }
}

const secondsOf = (headers: Headers): number | undefined =>
  parseDigits(headers.get('expires')?.trim() ?? '', 0xffff_ffff);
