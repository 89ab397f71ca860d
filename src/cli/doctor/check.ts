import type { GatewayConfig } from '../../config/index.ts';
import type { Reads } from './amiss.ts';
import type { Facts } from './facts.ts';
import type { Finding } from './finding.ts';
import type { CheckId } from './ids.ts';

/** One thing that must be right; a pure judgement of what the probes brought. */
export interface Check {
  readonly id: CheckId;
  /** The facts that it judges: gathered only when a check that is asked for wants them. */
  readonly needs: readonly (keyof Facts)[];
  /** Of the configuration, what it and its facts look at: nothing is said where that is amiss. */
  readonly reads: Reads;
  judge(facts: Facts, config: GatewayConfig): readonly Finding[];
}
