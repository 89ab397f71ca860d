import type { MetaEvent } from '../meta/index.ts';
import type { Clock, TimerHandle } from '../shared/clock.ts';

/** How long an event about an unknown call waits for its call to be named, ms. */
const HOLD_MS = 10_000;
/** Events held at once; one more is taken as it is. */
const MAX_HELD = 1_000;

type CallItem = Extract<MetaEvent, { readonly callId: string }>;

interface Placed {
  readonly pageId: string;
  readonly psid: string;
  /** `asked`: connect is on its way, so a webhook may be about this call. `told`: its reply named the call. */
  stage: 'new' | 'asked' | 'told';
  metaCallId?: string;
}

interface Held {
  readonly event: CallItem;
  readonly timer: TimerHandle;
}

/**
 * The calls that phones place, by our name and by Meta's: webhooks may overtake the reply to connect that names the
 * call. Those that name a consumer name the call too; the others are held until it has a name.
 */
export class PlacedCalls {
  readonly #clock: Clock;
  /** An event whose call has a name now, or will not get one. */
  readonly #release: (event: CallItem) => void;
  readonly #placed = new Map<string, Placed>();
  readonly #names = new Map<string, string>();
  readonly #held = new Set<Held>();

  constructor(clock: Clock, release: (event: CallItem) => void) {
    this.#clock = clock;
    this.#release = release;
  }

  add(id: string, pageId: string, psid: string): void {
    this.#placed.set(id, { pageId, psid, stage: 'new' });
  }

  /** Meta is asked to place it; until now a webhook about this consumer is about another call. */
  asked(id: string): void {
    const placed = this.#placed.get(id);
    if (placed?.stage === 'new') placed.stage = 'asked';
  }

  /** Whether a call to this consumer is under way: Meta takes one at a time. */
  isCalling(pageId: string, psid: string): boolean {
    return [...this.#placed.values()].some((each) => each.pageId === pageId && each.psid === psid);
  }

  /** Our id of the call that Meta calls so. */
  idOf(metaCallId: string): string | undefined {
    return this.#names.get(metaCallId);
  }

  /** The reply to connect names the call: surer than a webhook, which may be about the Page inbox's call to the same consumer. */
  named(id: string, metaCallId: string): void {
    const placed = this.#placed.get(id);
    if (!placed || placed.stage === 'told') return;
    placed.stage = 'told';
    if (placed.metaCallId !== undefined && placed.metaCallId !== metaCallId)
      this.#names.delete(placed.metaCallId);
    this.#name(id, placed, metaCallId);
  }

  /**
   * A webhook about this consumer: whether it names a call of ours.
   * @param opaque what Meta gave back of our connect, where it does: surer than the consumer
   */
  claim(pageId: string, psid: string | undefined, metaCallId: string, opaque?: string): string | undefined {
    // What the phone's headers say stands behind it.
    const ourId = opaque?.split(' ', 1)[0];
    const told = ourId === undefined ? undefined : this.#placed.get(ourId);
    if (ourId !== undefined && told?.pageId === pageId) {
      if (told.metaCallId !== undefined) return undefined;
      this.#name(ourId, told, metaCallId);
      return ourId;
    }
    for (const [id, placed] of this.#placed) {
      if (placed.pageId !== pageId || placed.psid !== psid) continue;
      if (placed.stage === 'new' || placed.metaCallId !== undefined) continue;
      this.#name(id, placed, metaCallId);
      return id;
    }
    return undefined;
  }

  /** Holds an event of a call that nobody knows, while one of this Page waits for its name; false: there is none. */
  hold(event: CallItem): boolean {
    const waits = [...this.#placed.values()].some(
      ({ pageId, stage }) => pageId === event.pageId && stage === 'asked',
    );
    if (!waits || this.#held.size >= MAX_HELD) return false;
    const held: Held = {
      event,
      timer: this.#clock.after(HOLD_MS, () => this.#letGo((each) => each === held)),
    };
    this.#held.add(held);
    return true;
  }

  /** The call is over; what was held for it is let go when no other call can claim it. */
  remove(id: string): void {
    const metaCallId = this.#placed.get(id)?.metaCallId;
    if (metaCallId !== undefined) this.#names.delete(metaCallId);
    this.#placed.delete(id);
  }

  close(): void {
    for (const { timer } of this.#held) timer.clear();
    this.#held.clear();
  }

  dump(): { readonly placed: number; readonly names: number; readonly held: number } {
    return { placed: this.#placed.size, names: this.#names.size, held: this.#held.size };
  }

  #name(id: string, placed: Placed, metaCallId: string): void {
    placed.metaCallId = metaCallId;
    this.#names.set(metaCallId, id);
    this.#letGo(({ event }) => event.callId === metaCallId);
  }

  #letGo(which: (held: Held) => boolean): void {
    for (const held of [...this.#held]) {
      if (!which(held)) continue;
      held.timer.clear();
      this.#held.delete(held);
      this.#release(held.event);
    }
  }
}
