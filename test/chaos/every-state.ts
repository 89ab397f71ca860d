import { CALL_STATES } from '../../src/shared/call-states.ts';
import type { Site } from './site.ts';
import { ODD_CALLERS } from './site-config.ts';
import type { Plan, Trial } from './trial.ts';
import { within } from './wait.ts';

/** In `new` a call is not yet there, in `ended` it is forgotten in the same turn: nothing can strike in between. */
export const STATES = CALL_STATES.filter((state) => state !== 'new' && state !== 'ended');
type State = (typeof STATES)[number];

/** How long a call may take to get where it is wanted, ms. */
const REACH_MS = 30_000;

const rings: Plan = { way: 'in', startMs: 0, callee: 'rings', calleeMs: 0, ends: undefined, endsMs: 0 };
const answers: Plan = { ...rings, callee: 'answers' };
const dials: Plan = { ...rings, way: 'out' };

/** Puts one call into every state, so that all are there at one moment. Those that do not last come last. */
export class EveryState {
  readonly trials: Trial[] = [];
  readonly #site: Site;
  /** What Graph holds back keeps a call in its state. */
  readonly #held = Promise.withResolvers<void>();

  constructor(site: Site) {
    this.#site = site;
  }

  /** What could not be reached. */
  async reach(): Promise<string[]> {
    const site = this.#site;
    const { faults } = site.simulator;
    const missed: State[] = [];
    const reached = async (state: State, calls = 1): Promise<void> => {
      const isThere = async (): Promise<boolean> =>
        (await site.gateway.states()).filter((each) => each === state).length >= calls;
      if (!(await within(REACH_MS, isThere))) missed.push(state);
    };
    const holdBack = (action: 'permission' | 'accept' | 'terminate' | 'profile'): void =>
      faults.add({ kind: 'slow', action, until: this.#held.promise });

    this.#begin(answers);
    const toEnd = this.#begin(answers);
    await reached('talking', 2);
    this.#begin(answers, { mediaFault: 'no-dtls' });
    await reached('connecting');
    this.#begin(rings);
    const toAccept = this.#begin(rings);
    await reached('ringing', 2);
    this.#begin(rings, { psid: ODD_CALLERS.mute });
    await reached('inviting');
    this.#begin(rings, { psid: ODD_CALLERS.early });
    await reached('early');
    this.#begin(dials);
    await reached('alerting');
    this.#begin(dials, { whenCalled: { does: 'ignore', ringAfterMs: 60_000 } });
    await reached('dialing');

    holdBack('permission');
    this.#begin(dials);
    await reached('checking');
    holdBack('accept');
    void (await rung(toAccept))?.answer();
    await reached('accepting');
    holdBack('terminate');
    void (await rung(toEnd))?.hangup();
    await reached('ending');
    holdBack('profile');
    this.#begin(rings);
    await reached('preparing');

    const now = new Set(await site.gateway.states());
    return STATES.filter((state) => missed.includes(state) || !now.has(state)).map(
      (state) => `no call was in the state ${state} when it struck`,
    );
  }

  /** Graph holds nothing back any more. */
  release(): void {
    this.#site.simulator.faults.clear();
    this.#held.resolve();
  }

  #begin(...call: Parameters<Site['trial']>): Trial {
    const trial = this.#site.trial(...call);
    this.trials.push(trial);
    return trial;
  }
}

async function rung(trial: Trial): Promise<Trial['rung'][number] | undefined> {
  await within(REACH_MS, () => trial.rung.length > 0);
  return trial.rung[0];
}
