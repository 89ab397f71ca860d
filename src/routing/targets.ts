import { GatewayError } from '../shared/error.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { formatSipUri } from './sip-uri.ts';
import type { RoutedTarget, RouteTargetInput, RoutingInput } from './types.ts';

/** The page's own route, as `targetsOfRoute`; also ROUTING_UNKNOWN_PAGE. */
export function targetsOfPage(input: RoutingInput, pageId: string): Result<RoutedTarget[], GatewayError> {
  const page = own(input.pages, pageId);
  if (!page) return err(new GatewayError('ROUTING_UNKNOWN_PAGE', undefined, { pageId }));
  return targetsOfRoute(input, page.route);
}

/**
 * The route's targets in the order in which they are rung; at least one. Errors: ROUTING_UNKNOWN_ROUTE,
 * ROUTING_EMPTY_ROUTE, ROUTING_UNKNOWN_TRUNK, ROUTING_BAD_ADDRESS.
 */
export function targetsOfRoute(input: RoutingInput, name: string): Result<RoutedTarget[], GatewayError> {
  const route = own(input.routes, name);
  if (!route) return err(new GatewayError('ROUTING_UNKNOWN_ROUTE', undefined, { route: name }));
  if (route.targets.length === 0)
    return err(new GatewayError('ROUTING_EMPTY_ROUTE', undefined, { route: name }));

  const targets: RoutedTarget[] = [];
  for (const entry of route.targets) {
    const target = resolve(input, entry, targets);
    if (!target.ok) return target;
    targets.push(target.value);
  }
  return ok(targets);
}

/** A user of a trunk that no route names, such as one that a 302 leads to. Errors as above. */
export function targetAt(
  input: Pick<RoutingInput, 'trunks'>,
  place: Pick<RouteTargetInput, 'trunk' | 'user'>,
): Result<RoutedTarget, GatewayError> {
  return resolve(input, place, []);
}

function resolve(
  input: Pick<RoutingInput, 'trunks'>,
  { trunk: trunkName, user, ringTimeoutMs, priority, weight }: RouteTargetInput,
  before: readonly RoutedTarget[],
): Result<RoutedTarget, GatewayError> {
  const trunk = own(input.trunks, trunkName);
  if (!trunk) return err(new GatewayError('ROUTING_UNKNOWN_TRUNK', undefined, { trunk: trunkName }));
  const uri = formatSipUri({ user, host: trunk.host, port: trunk.port, transport: trunk.transport });
  if (!uri)
    return err(
      new GatewayError('ROUTING_BAD_ADDRESS', undefined, { trunk: trunkName, host: trunk.host, user }),
    );
  const again = before.filter((other) => other.trunk === trunkName && other.user === user).length;
  const name = `${trunkName}/${user}${again === 0 ? '' : `#${again + 1}`}`;
  return ok({ name, trunk: trunkName, user, uri, ringTimeoutMs, priority, weight });
}

/** Page ids come from outside: `constructor` is not a page. */
function own<V>(table: Readonly<Record<string, V>>, key: string): V | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
