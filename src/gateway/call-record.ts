import type { CallRecord } from '../call/index.ts';
import type { BridgeStats } from '../media/index.ts';
import type { RouteChoice } from '../routing/index.ts';
import type { RecordingEntry } from './call-media.ts';

/** What routing made of a call, for its record: names only. */
export function routingOf({ rule, wanted: { route, announce, reject } }: RouteChoice): object {
  const does = route === undefined ? (announce === undefined ? { reject } : { announce }) : { route };
  return rule === undefined ? does : { rule, ...does };
}

/** The call's record, with what its media counted when there was some. */
export type FinalRecord = CallRecord & { readonly media?: BridgeStats };

/** The call's record with what its media counted. */
export function withMedia(
  record: CallRecord,
  stats: BridgeStats | undefined,
  codec: string | undefined,
  recordings: readonly RecordingEntry[],
): FinalRecord {
  return {
    ...record,
    ...(codec ? { codec } : {}),
    ...(stats ? { media: stats } : {}),
    ...(recordings.length > 0 ? { recordings } : {}),
  };
}
