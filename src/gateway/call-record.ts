import type { CallRecord } from '../call/index.ts';
import type { BridgeStats } from '../media/index.ts';
import type { RecordingEntry } from './call-media.ts';

/** The call's record with what its media counted. */
export function withMedia(
  record: CallRecord,
  stats: BridgeStats | undefined,
  codec: string | undefined,
  recordings: readonly RecordingEntry[],
): object {
  return {
    ...record,
    ...(codec ? { codec } : {}),
    ...(stats ? { media: stats } : {}),
    ...(recordings.length > 0 ? { recordings } : {}),
  };
}
