import { crashRecord, endAtMeta, type Ledger, type OpenCall, type Replay, replay } from '../call/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import {
  type JournalEntry,
  type JournalWriter,
  type Keeping,
  readJournal,
  rewriteJournal,
  setAside,
} from '../store/index.ts';
import type { Accounts } from './accounts.ts';
import type { RecordingEntry } from './call-media.ts';
import { type FinalRecord, withMedia } from './call-record.ts';
import type { StrangeCall } from './intake.ts';

/** A connect is not delivered again later than this, ms: calls that ended before are no longer in the journal. */
const REMEMBERED_MS = 2 * 3_600_000;
/** The newest so many stay, whatever the clock does. */
const REMEMBERED_LEAST = 1_000;
/** By these a call that is over is known again. */
const OUTLIVING: ReadonlySet<string> = new Set(['call-created', 'named', 'call-ended']);
/** After a start, a webhook may name a call that the gateway before it placed and never heard the name of, ms. */
const CLAIMABLE_MS = 120_000;
/** Calls ended at Meta at the same time. */
const AT_ONCE = 8;

export interface RecoveryOptions {
  readonly journalPath: string;
  /** Of these calls, those that have their record. */
  readonly recordedAmong: (callIds: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly log: Log;
  readonly record: (record: FinalRecord) => Promise<void>;
  /** What was recorded of a call, finished; by its ids. */
  readonly recordingsOf: (callIds: readonly string[]) => Promise<readonly RecordingEntry[]>;
}

/**
 * When what was remembered was young, milliseconds since the epoch: at the last line, or now, where that one stands in the
 * future. A clock that was set while nobody ran makes nothing old.
 */
const journalEnd = (entries: readonly JournalEntry[], nowMs: number): number =>
  Math.min(entries.at(-1)?.at ?? nowMs, nowMs);

/** What a gateway that died left behind: its calls are ended at Meta and get their records; none rings again. */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #replay: Replay;
  /** Meta was asked to place these, and how it calls them is not known. */
  #unnamed: readonly OpenCall[];
  #stopped = false;
  readonly #claimableUntilMs: number;
  /** What a journal need not lose while it is written on. */
  readonly keeping: Keeping;

  /**
   * Reads the journal and leaves in it what is still of use; call before it is opened for writing. Rejects with
   * STORE_OPEN.
   */
  static async read(options: RecoveryOptions): Promise<Recovery> {
    const { journalPath, clock, log } = options;
    const { entries, damaged, unread } = await readJournal(journalPath);
    const about = { path: journalPath, damaged, log, event: 'journal.damaged-lines' };
    const staying = await setAside({ ...about, lines: unread });
    const found = replay(entries);
    const last = new Map(entries.map(({ callId, at }) => [callId, at]));
    const open = new Set(found.open.map(({ callId }) => callId));
    const since = journalEnd(entries, clock.now()) - REMEMBERED_MS;
    const kept = entries.filter(({ callId }) => open.has(callId) || (last.get(callId) ?? 0) > since);
    // Of a full disk the old one will do: nothing must keep a gateway from ending what it left.
    if (kept.length < entries.length || damaged > 0)
      await rewriteJournal(journalPath, kept, staying).catch((error: unknown) =>
        log.warn({ path: journalPath, err: String(error) }, 'journal.not-shortened'),
      );
    return new Recovery(options, found, kept, staying);
  }

  private constructor(
    options: RecoveryOptions,
    found: Replay,
    entries: readonly JournalEntry[],
    staying: readonly string[],
  ) {
    this.#options = options;
    this.#replay = found;
    this.#unnamed = found.open.filter(isUnnamed);
    this.#claimableUntilMs = options.clock.monotonic() + CLAIMABLE_MS;
    const kindOf = (note: JournalEntry['note']): string => String(note['kind']);
    this.keeping = {
      entries,
      staying,
      isLast: (note) => kindOf(note) === 'call-ended',
      outlives: (note) => OUTLIVING.has(kindOf(note)),
      forMs: REMEMBERED_MS,
      least: REMEMBERED_LEAST,
    };
  }

  /** Calls that were open. */
  get open(): number {
    return this.#replay.open.length;
  }

  /** Webhooks of calls from before the crash that are delivered again shall not ring. */
  bury(ledger: Ledger): void {
    const { known, tombstones } = this.#replay;
    const graves = [
      ...[...known].map(([callId, at]) => ({ callId, at, recorded: true })),
      ...[...tombstones].map(([callId, at]) => ({ callId, at, recorded: false })),
    ].sort((a, b) => a.at - b.at);
    // The journal knows the wall clock alone: from here on they age by the other.
    const { clock } = this.#options;
    const [end, monotonic] = [journalEnd(this.keeping.entries, clock.now()), clock.monotonic()];
    for (const { callId, at, recorded } of graves) {
      ledger.bury(callId, 'before a crash', monotonic - Math.max(0, end - at), recorded);
    }
  }

  /** Ends what is open at Meta, writes the records, and notes so in the new journal. Never rejects. */
  async run(journal: JournalWriter): Promise<void> {
    const { open } = this.#replay;
    if (open.length === 0) return;
    const { log, recordedAmong } = this.#options;
    log.warn({ calls: open.length }, 'gateway.calls-before-a-crash');
    const recorded = await recordedAmong(open.map(({ metaCallId, callId }) => metaCallId ?? callId));
    const waiting = [...open];
    const work = async (): Promise<void> => {
      for (let call = waiting.shift(); call && !this.#stopped; call = waiting.shift()) {
        const isRecorded = recorded.has(call.metaCallId ?? call.callId);
        await this.#end(call, isRecorded, journal).catch((error: unknown) =>
          log.error({ callId: call.callId, err: String(error) }, 'gateway.recovery-failed'),
        );
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** No other call is begun with: those that are left are in the journal still, for the next gateway. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * A webhook names a call of the business's that nobody here placed: if a gateway that died was calling this consumer,
   * it is that one, and is ended at Meta. Resolves when Meta was told.
   */
  claim({ pageId, callId, consumerId, opaque }: StrangeCall): Promise<void> | undefined {
    const { accounts, clock, log } = this.#options;
    if (clock.monotonic() > this.#claimableUntilMs) return undefined;
    const ourId = opaque?.split(' ', 1)[0];
    const found =
      this.#unnamed.find((call) => call.callId === ourId) ??
      this.#unnamed.find((call) => call.pageId === pageId && call.psid === consumerId);
    if (!found) return undefined;
    this.#unnamed = this.#unnamed.filter((call) => call !== found);
    log.warn({ callId, ours: found.callId, pageId }, 'gateway.call-named-after-a-crash');
    return accounts
      .get(pageId)
      ?.api.terminate(pageId, callId)
      .then(({ ok }) => log.info({ callId, pageId, ok }, 'gateway.call-recovered'));
  }

  async #end(call: OpenCall, isRecorded: boolean, journal: JournalWriter): Promise<void> {
    const { accounts, clock, log, record } = this.#options;
    const { callId, metaCallId, pageId } = call;
    const action = isRecorded ? 'none' : endAtMeta(call);
    let outcome: 'done' | 'failed' = 'done';
    if (action !== 'none' && metaCallId !== undefined) {
      const reply = await accounts.get(pageId)?.api[action](pageId, metaCallId);
      outcome = reply?.ok ? 'done' : 'failed';
    }
    log.info({ callId, pageId, action, outcome }, 'gateway.call-recovered');
    if (!isRecorded) {
      const crashed = crashRecord(call, { action, outcome }, clock.now());
      const recordings = await this.#options.recordingsOf([callId, ...(metaCallId ? [metaCallId] : [])]);
      await record(withMedia(crashed, undefined, undefined, { recordings }));
    }
    const note = { kind: 'call-ended', cause: 'crash' };
    await journal.append({ v: 1, at: clock.now(), callId, note });
  }
}

/** Whether Meta may have placed it without our knowing its name. */
function isUnnamed({ direction, metaCallId, graph }: OpenCall): boolean {
  const { connect } = graph;
  return (
    direction === 'business_initiated' &&
    metaCallId === undefined &&
    connect !== undefined &&
    connect !== 'failed'
  );
}
