import { type CallFacts, type MissedDetail, missedRecord } from '../call/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { JournalEntry, JournalWriter } from '../store/index.ts';
import type { Account } from './accounts.ts';
import type { FinalRecord } from './call-record.ts';

export interface TurnedAwayOptions {
  readonly account: (pageId: string) => Account;
  readonly journal: () => JournalWriter;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly onRecord: (record: FinalRecord) => Promise<void>;
}

/**
 * Consumers' calls of which no call is made: no room, or a bug. Each is rejected at Meta, so that nobody rings in vain,
 * and recorded, so that none is missing in the reports; the journal knows it before, for its webhook is answered 200.
 */
export class TurnedAway {
  readonly #options: TurnedAwayOptions;

  constructor(options: TurnedAwayOptions) {
    this.#options = options;
  }

  /** Notes that the call is there. Resolves when that is on the disk, or cannot be written. */
  created({ callId, pageId, psid, platform, direction }: CallFacts): Promise<void> {
    return this.#note(callId, {
      kind: 'call-created',
      pageId,
      psid,
      platform: platform.name,
      direction,
    });
  }

  /** Notes that a call of which nothing else is known here is over. */
  tombstone(callId: string): Promise<void> {
    return this.#note(callId, { kind: 'call-ended', cause: 'terminated-before' });
  }

  /** Rejects and records it. Resolves when both are done. */
  async reject(facts: CallFacts, why: MissedDetail): Promise<void> {
    const { account, clock } = this.#options;
    const { ok } = await account(facts.pageId).api.reject(facts.pageId, facts.callId);
    await this.#record(facts, why, missedRecord(facts, why, clock.now(), ok ? 'done' : 'failed'));
  }

  /** Records one that was over when it was told of. Resolves when that is written. */
  async missed(facts: CallFacts, why: MissedDetail): Promise<void> {
    await this.created(facts);
    await this.#record(facts, why, missedRecord(facts, why, this.#options.clock.now()));
  }

  /** The note comes after the record, as for every call: a crash in between is seen by the record. */
  async #record(facts: CallFacts, why: MissedDetail, record: FinalRecord): Promise<void> {
    await this.#options.onRecord(record);
    await this.#note(facts.callId, { kind: 'call-ended', cause: why });
  }

  #note(callId: string, note: JournalEntry['note']): Promise<void> {
    const { journal, clock, log } = this.#options;
    return journal()
      .append({ v: 1, at: clock.now(), callId, note })
      .catch((error: unknown) => log.error({ callId, err: String(error) }, 'journal.append-failed'));
  }
}
