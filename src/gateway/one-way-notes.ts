import { ONE_WAY_CAUSES, type OneWayVerdict } from '../media/index.ts';
import type { Log } from '../shared/log.ts';
import type { MediaEvent } from './media/protocol.ts';

/** One stretch of one-way audio, as the call's record has it. */
export interface OneWayEntry extends Omit<OneWayVerdict, 'hint'> {
  /** When it was named, milliseconds since the epoch. */
  readonly atMs: number;
  /** How long it lasted from then on; absent: to the end of the call. */
  readonly ms?: number;
  /** It may have been meant so. */
  readonly hint?: true;
}

export type OneWayEvent = Extract<MediaEvent, { kind: 'oneWay' | 'oneWayOver' }>;

/** A stream that comes and goes must not fill the log and the record. */
const MAX_ENTRIES = 20;

/** What was found of one-way audio in one call: for its log and its record. */
export class OneWayNotes {
  readonly #log: Log;
  readonly #entries: OneWayEntry[] = [];
  #told = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  get entries(): readonly OneWayEntry[] {
    return this.#entries;
  }

  take(event: OneWayEvent): void {
    const { leg, direction, cause, hint, evidence } = event.verdict;
    this.#told += 1;
    const isMuch = this.#told > 2 * MAX_ENTRIES;
    if (event.kind === 'oneWayOver') {
      const { ms } = event;
      this.#log[isMuch ? 'debug' : 'info']({ leg, direction, cause, ms }, 'media.one-way-over');
      const at = this.#entries.findLastIndex(
        (entry) => entry.leg === leg && entry.direction === direction && entry.cause === cause,
      );
      const entry = this.#entries[at];
      if (entry && entry.ms === undefined) this.#entries[at] = { ...entry, ms };
      return;
    }
    const { remedy } = ONE_WAY_CAUSES[cause];
    const level = isMuch ? 'debug' : hint ? 'info' : 'warn';
    this.#log[level]({ leg, direction, cause, hint, evidence, remedy }, 'media.one-way');
    if (this.#entries.length >= MAX_ENTRIES) return;
    this.#entries.push({ leg, direction, cause, evidence, atMs: event.atMs, ...(hint ? { hint } : {}) });
  }
}
