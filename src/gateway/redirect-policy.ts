import { type RoutingInput, targetAt } from '../routing/index.ts';
import type { Log } from '../shared/log.ts';
import { parseReferTo } from '../sip/index.ts';
import type { PhoneSideOptions } from './call-phone.ts';
import { type NamedTrunk, namedPlace } from './named-place.ts';
import type { VoipGuard } from './voip-guard.ts';

/**
 * Where the 3xx of one call may lead: to trunks only, and there only to whom they permit.
 *
 * @param own addresses of ours, as phones name them
 */
export function redirectPolicy(
  guard: VoipGuard,
  routing: Pick<RoutingInput, 'trunks'> & { readonly trunks: Readonly<Record<string, NamedTrunk>> },
  own: () => readonly string[],
  log: Log,
): NonNullable<PhoneSideOptions['redirect']> {
  return {
    allowed: (uri, from) => {
      // What cannot be read so is for the guard to refuse.
      const target = parseReferTo(`<${uri}>`);
      const place = target.ok ? namedPlace(routing.trunks, own(), from, { ...target.value, uri }) : undefined;
      const verdict = guard.check(place?.uri ?? uri, 'redirect', log, place?.first ?? [from], place?.only);
      return verdict.ok ? { trunk: verdict.trunk, user: verdict.user } : verdict.code;
    },
    targetAt: (place) => {
      const target = targetAt(routing, place);
      return target.ok ? target.value : undefined;
    },
  };
}
