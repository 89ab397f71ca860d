import type { CallRecord } from '../call/index.ts';
import type { BridgeStats } from '../media/index.ts';
import type { RouteChoice } from '../routing/index.ts';
import type { MediaSide } from './call-media.ts';
import type { FinalRecord } from './record-schema.ts';

export type { FinalRecord } from './record-schema.ts';

/** What routing made of a call, for its record: names only. */
export function routingOf({
  rule,
  wanted: { route, announce, reject },
}: RouteChoice): NonNullable<FinalRecord['routing']> {
  const does = route === undefined ? (announce === undefined ? { reject } : { announce }) : { route };
  return rule === undefined ? does : { rule, ...does };
}

/** The call's record with what its media counted. */
export function withMedia(
  record: CallRecord,
  stats: BridgeStats | undefined,
  codec: string | undefined,
  side: Partial<Pick<MediaSide, 'recordings' | 'oneWay'>> | undefined,
): FinalRecord {
  const trunk = trunkOf(record);
  const { recordings = [], oneWay = [] } = side ?? {};
  return {
    ...record,
    ...(trunk === undefined ? {} : { trunk }),
    ...(codec ? { codec } : {}),
    ...(stats ? { media: stats } : {}),
    ...(recordings.length > 0 ? { recordings } : {}),
    ...(oneWay.length > 0 ? { oneWay } : {}),
  };
}

/** Of the phone that answered or called; targets are `trunk/user`, and no trunk has a slash in its name. */
export const trunkOf = ({ target }: Pick<CallRecord, 'target'>): string | undefined =>
  target?.split('/', 1)[0];
