import type { RecordingSummary } from '../media/index.ts';
import type { RecordingKeeper } from './recording-keeper.ts';

/** What became of recordings since the start, for the metrics. */
export class RecordingCounts {
  complete = 0;
  incomplete = 0;
  /** Silence in place of what the disk did not take, ms. */
  gapMs = 0;
  /** Times that a disk refused. */
  troubles = 0;
  /** undefined: nothing is recorded, or not yet. */
  keeper: RecordingKeeper | undefined;

  get recovered(): number {
    return this.keeper?.recovered ?? 0;
  }

  get deleted(): number {
    return this.keeper?.deleted ?? 0;
  }

  get bytes(): number {
    return this.keeper?.bytes ?? 0;
  }

  add({ complete, gapMs }: RecordingSummary): void {
    if (complete) this.complete += 1;
    else this.incomplete += 1;
    this.gapMs += gapMs;
    this.keeper?.added();
  }
}
