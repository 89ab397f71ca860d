import type { GatewayConfig } from '../config/index.ts';
import type { RoutingInput } from '../routing/index.ts';

/** The configuration as routing wants it: every target with its user part. */
export function routingInput(config: GatewayConfig): RoutingInput {
  return {
    trunks: config.trunks,
    routes: Object.fromEntries(
      Object.entries(config.routes).map(([name, route]) => [
        name,
        {
          ...route,
          targets: route.targets.map((target) => ({
            trunk: target.trunk,
            user: target.user ?? userOf(config.trunks[target.trunk]) ?? '',
            ringTimeoutMs: target.ringTimeoutMs,
            priority: target.priority,
            weight: target.weight,
          })),
        },
      ]),
    ),
    pages: Object.fromEntries(
      [...config.meta.pages, ...config.meta.numbers].map(({ id, route }) => [id, { route }]),
    ),
  };
}

/** A phone that registers is rung as itself. */
const userOf = (trunk: GatewayConfig['trunks'][string] | undefined): string | undefined =>
  trunk?.user ?? trunk?.registered;
