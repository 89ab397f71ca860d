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
            user: target.user ?? config.trunks[target.trunk]?.user ?? '',
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
