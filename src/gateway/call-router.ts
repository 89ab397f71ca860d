import type { CallSetup } from '../call/index.ts';
import type { GatewayConfig } from '../config/index.ts';
import {
  asksLanguage,
  chooseRoute,
  type RouteChoice,
  type RoutedTarget,
  type RouteFacts,
  type RoutingInput,
  type Treatment,
  treatmentOf,
} from '../routing/index.ts';
import type { GatewayError } from '../shared/error.ts';
import { routingInput } from './routing-input.ts';

export interface RoutedCall {
  readonly choice: RouteChoice;
  readonly treatment: Treatment;
  /** Everybody who may be rung in the course of the call. */
  readonly targets: readonly RoutedTarget[];
}

/** What the configuration wants of a consumer's call: which rule fits it, whom it rings, what follows. */
export class CallRouter {
  /** A rule asks for the caller's language: it has to be looked up first. */
  readonly asksLanguage: boolean;
  readonly input: RoutingInput;
  readonly #config: Pick<GatewayConfig, 'routing' | 'schedules'>;

  constructor(config: GatewayConfig) {
    this.#config = config;
    this.input = routingInput(config);
    this.asksLanguage = asksLanguage(config.routing.rules);
  }

  /** @param order in which a route's targets are rung @param onProblem a route that cannot be rung */
  route(
    facts: RouteFacts,
    order: (targets: readonly RoutedTarget[]) => readonly RoutedTarget[],
    onProblem: (error: GatewayError) => void,
  ): RoutedCall {
    const { routing, schedules } = this.#config;
    const own = this.input.pages[facts.pageId]?.route ?? '';
    const choice = chooseRoute(routing.rules, facts, schedules, own);
    const treatment = treatmentOf(choice.wanted, { input: this.input, order, onProblem });
    return { choice, treatment, targets: everybodyIn(treatment) };
  }
}

function everybodyIn(treatment: Treatment): readonly RoutedTarget[] {
  if (treatment.kind !== 'ring') return [];
  return [...treatment.targets, ...Object.values(treatment.after).flatMap(everybodyIn)];
}

/** What the call does first, and what follows. */
export function setupOf(treatment: Treatment): Pick<CallSetup, 'targets' | 'instead' | 'after'> {
  if (treatment.kind !== 'ring') return { targets: [], instead: treatment };
  return { targets: treatment.targets, after: treatment.after };
}
