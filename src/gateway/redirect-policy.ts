import { type RoutingInput, targetAt } from '../routing/index.ts';
import type { Log } from '../shared/log.ts';
import type { PhoneSideOptions } from './call-phone.ts';
import type { VoipGuard } from './voip-guard.ts';

const DEFAULT_PORT = 5060;

/** Where the 3xx of one call may lead: to trunks only, and there only to whom they permit. */
export function redirectPolicy(
  guard: VoipGuard,
  routing: Pick<RoutingInput, 'trunks'>,
  log: Log,
): NonNullable<PhoneSideOptions['redirect']> {
  return {
    allowed: (uri, from) => {
      const verdict = guard.check(uri, 'redirect', log, preferred(routing.trunks, uri, from));
      return verdict.ok ? { trunk: verdict.trunk, user: verdict.user } : verdict.code;
    },
    targetAt: (place) => {
      const target = targetAt(routing, place);
      return target.ok ? target.value : undefined;
    },
  };
}

/** Where several trunks share a host: the one with that port, then the one that answered. */
function preferred(trunks: RoutingInput['trunks'], uri: string, from: string): string[] {
  const port = Number(/@(?:\[[^\]]*\]|[^:;?[]*)(?::(\d{1,5}))?/.exec(uri)?.[1] ?? DEFAULT_PORT);
  const exact = Object.entries(trunks).filter(([, trunk]) => (trunk.port ?? DEFAULT_PORT) === port);
  return [...exact.map(([name]) => name), from];
}
