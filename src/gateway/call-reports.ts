import type { EventFeed } from '../http/index.ts';
import { CallMetrics, type CountedCall } from '../observe/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { RecordSinks } from '../store/index.ts';
import type { AccountBook } from './accounts.ts';
import type { FinalRecord } from './call-record.ts';
import type { CallsOptions } from './calls-options.ts';
import type { MetricsDesk } from './metrics-desk.ts';
import { RecordingCounts } from './recording-counts.ts';
import { TransferCounts } from './transfer-counts.ts';

export interface CallReportsOptions {
  readonly events: EventFeed;
  readonly accounts: AccountBook;
  readonly clock: Pick<Clock, 'now'>;
  /** Opened before the first call. */
  readonly records: () => RecordSinks;
  readonly metrics: () => MetricsDesk | undefined;
  readonly onRecord: ((record: object) => void) | undefined;
}

/** What calls report, for whoever wants to know: events, records, metrics to Meta, counts. */
export class CallReports {
  readonly recorded = new RecordingCounts();
  readonly transferred = new TransferCounts();
  readonly ended = new CallMetrics();
  readonly #options: CallReportsOptions;

  constructor(options: CallReportsOptions) {
    this.#options = options;
  }

  /** To whoever listens on the admin port. */
  tell(event: string, data: object): void {
    const { events, clock } = this.#options;
    events.publish(event, { at: new Date(clock.now()).toISOString(), ...data });
  }

  /** Resolves when the record outlives the process. */
  record(record: CountedCall & { readonly callId: string }): Promise<void> {
    const { records, onRecord } = this.#options;
    this.ended.add(record);
    const written = records().write(record);
    this.tell('call_ended', record);
    onRecord?.(record);
    return written;
  }

  /** Whether it is a Page, or was one before a reload. */
  isPage(id: string): boolean {
    return this.#platformOf(id) === 'messenger';
  }

  /** What calls tell this. */
  get listeners(): Pick<
    CallsOptions,
    'onStarted' | 'onRecord' | 'onMetrics' | 'onNote' | 'onRecorded' | 'onRecordingTrouble'
  > {
    return {
      onStarted: ({ callId, pageId, psid, direction }) => {
        this.tell('call_started', { callId, platform: this.#platformOf(pageId), pageId, psid, direction });
      },
      onRecord: (record: FinalRecord) => {
        this.transferred.add(record);
        return this.record(record);
      },
      // WhatsApp has no place for them.
      onMetrics: (due) => this.isPage(due.pageId) && this.#options.metrics()?.add(due),
      onNote: (callId, event, data) => this.tell(event, { callId, ...data }),
      onRecorded: (callId, recording) => {
        this.recorded.add(recording);
        this.tell('recording_ended', { callId, ...recording });
      },
      onRecordingTrouble: (callId, { code, message }) => {
        this.recorded.troubles += 1;
        this.tell('recording_trouble', { callId, code, message });
      },
    };
  }

  #platformOf(pageId: string): string | undefined {
    const { accounts } = this.#options;
    return (accounts.get(pageId) ?? accounts.former(pageId))?.platform.name;
  }
}
