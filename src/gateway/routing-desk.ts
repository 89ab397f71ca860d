import type { CallFacts } from '../call/index.ts';
import type { GatewayConfig } from '../config/index.ts';
import { orderTargets, type RoutingInput } from '../routing/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { Directory, ProfileCache } from '../store/index.ts';
import { routingOf } from './call-record.ts';
import { CallRouter, type RoutedCall } from './call-router.ts';
import { remade } from './reload/live-config.ts';
import { SeenCallers } from './seen-callers.ts';
import type { TrunkBoard } from './trunks/board.ts';

export interface RoutingDeskOptions {
  /** The one in effect. */
  readonly config: () => GatewayConfig;
  readonly clock: Pick<Clock, 'now'>;
  readonly profiles: ProfileCache;
  readonly board: Pick<TrunkBoard, 'isUp' | 'isFree'>;
  readonly directory: () => Pick<Directory, 'numberOf'>;
  /** Calls that are up. */
  readonly calls: () => number;
}

/** Puts together what is known of a consumer's call, and routes it. */
export class RoutingDesk {
  readonly #options: RoutingDeskOptions;
  readonly #router: () => CallRouter;
  readonly #callers = new SeenCallers();

  constructor(options: RoutingDeskOptions) {
    this.#options = options;
    this.#router = remade(options.config, (config) => new CallRouter(config));
  }

  /** A rule asks for the caller's language: the profile has to be looked up first. */
  get asksLanguage(): boolean {
    return this.#router().asksLanguage;
  }

  /** Routes and trunks, as routing reads them. */
  get input(): RoutingInput {
    return this.#router().input;
  }

  /** Before the caller gets a short number: who has one is known. */
  route({ pageId, psid, platform }: CallFacts, log: Log): RoutedCall {
    const { config, clock, profiles, board, directory, calls } = this.#options;
    const alias = directory().numberOf(pageId, psid);
    const atMs = clock.now();
    const routed = this.#router().route(
      {
        pageId,
        platform: platform.name,
        atMs,
        caller: {
          psid,
          known: alias !== undefined || this.#callers.has(pageId, psid),
          alias,
          language: profiles.get(pageId, psid, atMs)?.language,
        },
        load: {
          calls: calls(),
          maxCalls: config().limits.maxCalls,
          isFree: (trunk) => board.isFree(trunk),
        },
      },
      (targets) => orderTargets(targets, (trunk) => board.isUp(trunk), Math.random),
      (error) => log.error({ code: error.code, detail: error.message, ...error.detail }, 'call.no-route'),
    );
    this.#callers.add(pageId, psid);
    if (routed.choice.rule !== undefined) log.info(routingOf(routed.choice), 'call.routed');
    return routed;
  }
}
