import { ONE_WAY_CAUSES } from '../media/index.ts';
import type { CallsOptions } from './calls-options.ts';
import type { MediaEvent } from './media/protocol.ts';

export interface OneWayCount {
  readonly leg: string;
  readonly cause: string;
  count: number;
}

/** What media workers tell of calls that others than the call want to know: events and counts. */
export class MediaNews {
  readonly #options: Pick<CallsOptions, 'onRecorded' | 'onRecordingTrouble' | 'onNote'>;
  readonly #oneWay = new Map<string, OneWayCount>();

  constructor(options: Pick<CallsOptions, 'onRecorded' | 'onRecordingTrouble' | 'onNote'>) {
    this.#options = options;
  }

  take(call: string, event: MediaEvent): void {
    const { onRecorded, onRecordingTrouble, onNote } = this.#options;
    switch (event.kind) {
      case 'recorded':
        return onRecorded?.(call, event.recording);
      case 'recordingTrouble':
        return onRecordingTrouble?.(call, event);
      case 'oneWay': {
        const { leg, cause } = event.verdict;
        this.#count(leg, cause);
        return onNote?.(call, 'media_one_way', { ...event.verdict, remedy: ONE_WAY_CAUSES[cause].remedy });
      }
      case 'oneWayOver': {
        const { leg, direction, cause } = event.verdict;
        return onNote?.(call, 'media_one_way_over', { leg, direction, cause, ms: event.ms });
      }
    }
  }

  /** Times that one-way audio was named, by leg and cause. */
  get oneWay(): readonly OneWayCount[] {
    return [...this.#oneWay.values()];
  }

  #count(leg: string, cause: string): void {
    const key = `${leg} ${cause}`;
    const entry = this.#oneWay.get(key) ?? { leg, cause, count: 0 };
    entry.count += 1;
    this.#oneWay.set(key, entry);
  }
}
