import { GatewayError } from '../shared/error.ts';
import type { Wanted } from './rules.ts';
import { targetsOfRoute } from './targets.ts';
import type { RoutedTarget, RoutingInput } from './types.ts';

/** How a route came to nothing: somebody was busy or declined, nobody answered, or nobody could be reached. */
export type RouteOutcome = 'busy' | 'noAnswer' | 'failed';

/** What is done with a call. */
export type Treatment =
  | { readonly kind: 'reject' }
  | { readonly kind: 'announce'; readonly sound: string }
  | ({ readonly kind: 'ring' } & RoutePlan);

/** Whom a call rings, and what follows when that comes to nothing. Finite: no route comes twice on one way. */
export interface RoutePlan {
  readonly route: string;
  readonly targets: readonly RoutedTarget[];
  /** All targets together, ms; unset: the default. */
  readonly ringBudgetMs?: number | undefined;
  /** Unset: the call ends. */
  readonly after: Readonly<Partial<Record<RouteOutcome, Treatment>>>;
}

export interface PlanOptions {
  readonly input: RoutingInput;
  /** In which order a route's targets are rung. */
  readonly order?: (targets: readonly RoutedTarget[]) => readonly RoutedTarget[];
  /** A route that cannot be rung, or that would come round again: nobody is rung then. */
  readonly onProblem?: (error: GatewayError) => void;
}

/** A route that came to nothing on the way, and how. */
type Step = readonly [route: string, outcome: RouteOutcome];

/** What a rule or a route wants, worked out to its end: every route on the way with its targets. */
export function treatmentOf(wanted: Wanted, options: PlanOptions, before: readonly Step[] = []): Treatment {
  if (wanted.announce !== undefined) return { kind: 'announce', sound: wanted.announce };
  const name = wanted.route;
  if (name === undefined) return { kind: 'reject' };
  const { input, order = (targets) => targets, onProblem } = options;
  if (before.some(([route]) => route === name)) {
    onProblem?.(new GatewayError('ROUTING_LOOP', undefined, { route: name }));
    return { kind: 'ring', route: name, targets: [], after: {} };
  }
  const targets = targetsOfRoute(input, name);
  if (!targets.ok) {
    onProblem?.(targets.error);
    return { kind: 'ring', route: name, targets: [], after: {} };
  }
  const { onBusy, onNoAnswer, onFailed, ringBudgetMs } = input.routes[name] ?? {};
  const next = (outcome: RouteOutcome, each: Wanted | undefined) =>
    each && treatmentOf(each, options, [...before, [name, outcome]]);
  const after = {
    busy: next('busy', onBusy),
    noAnswer: next('noAnswer', onNoAnswer),
    failed: next('failed', onFailed),
  };
  const way = JSON.stringify([...before, name]);
  return {
    kind: 'ring',
    route: name,
    targets: order(targets.value).map((target) => ({ ...target, route: name, way })),
    ...(ringBudgetMs === undefined ? {} : { ringBudgetMs }),
    after: Object.fromEntries(Object.entries(after).filter(([, each]) => each !== undefined)),
  };
}
