import type { MediaSide } from './call-media.ts';
import type { CallNotes } from './call-notes.ts';
import { type FinalRecord, withMedia } from './call-record.ts';
import { CallRunner, type CallRunnerOptions } from './call-runner.ts';
import type { CallsOptions } from './calls-options.ts';
import { metricsOf } from './metrics-of.ts';
import type { TransferSide } from './transfer-side.ts';

/** A call that is up. */
export interface StartedCall {
  readonly runner: CallRunner;
  readonly media: MediaSide;
  readonly transfers: TransferSide;
}

export interface CallToStart extends Pick<CallRunnerOptions, 'setup' | 'sides' | 'log'> {
  readonly notes: CallNotes;
  /** What routing made of it, for the record. */
  readonly routing?: NonNullable<FinalRecord['routing']>;
  /** Once, after its record. */
  readonly onEnded: () => void;
}

/** Makes the runner of a call and its sides; who looks on, its record and its grave are the same for every call. */
export function startCall(
  { clock, ledger, onLadder, onMetrics, onRecord, observe, parts }: CallsOptions,
  { setup, sides, log, notes, routing, onEnded }: CallToStart,
): StartedCall {
  let media: MediaSide | undefined;
  let transfers: TransferSide | undefined;
  const runner = new CallRunner({
    ...{ setup, clock, log, onLadder },
    journal: parts().journal,
    observer: observe?.(setup),
    sides: (context) => {
      const made = sides(context);
      ({ media, transfers } = made);
      return made;
    },
    onRecord: (record, stats, codec) => {
      const metrics = metricsOf(record, stats);
      if (metrics) onMetrics?.({ pageId: record.pageId, metrics });
      return onRecord({
        ...withMedia(record, stats, codec, media),
        ...notes.record,
        ...(routing ? { routing } : {}),
      });
    },
    onEnded: ({ metaCallId }) => {
      onEnded();
      if (metaCallId !== undefined) ledger.bury(metaCallId, 'ended', clock.monotonic(), true);
    },
  });
  if (!media || !transfers) throw new Error('a call without media or transfers');
  return { runner, media, transfers };
}
