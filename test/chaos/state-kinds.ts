import { EveryState, STATES } from './every-state.ts';
import { before, notOver } from './judge.ts';
import { HANG_UP_MS, type Kind, type Met, over } from './kind.ts';
import type { Site } from './site.ts';

/** Calls in all states at once, and something that strikes all of them; a state that was not reached is a failure. */
async function struck(site: Site, met: Met, strike: (site: Site) => Promise<void>): Promise<string[]> {
  const since = before(site);
  const every = new EveryState(site);
  const wrong = await every.reach();
  met(STATES.filter((state) => !wrong.some((each) => each.includes(state))).map((phase) => ({ phase })));
  const held = every.trials.filter(({ isUp }) => isUp);
  await strike(site);
  every.release();
  wrong.push(...(await notOver(held, HANG_UP_MS)));
  return over(site, every.trials, since, wrong);
}

export const STATE_KINDS: readonly Kind[] = [
  {
    name: 'cut-states',
    what: 'the connection to the SIP server is cut with a call in every state',
    on: 'apart',
    weight: 1,
    run: ({ apart }, _random, met) => struck(apart, met, async ({ control }) => control?.cut()),
  },
  {
    name: 'kill-states',
    what: 'kill -9 with a call in every state, recorded, and a restart',
    on: 'staged',
    weight: 1,
    run: ({ staged }, _random, met) =>
      struck(staged, met, async (site) => {
        await site.gateway.kill();
        await site.start();
      }),
  },
  {
    name: 'media-states',
    what: 'the media worker is killed with a call in every state',
    on: 'staged',
    weight: 1,
    run: ({ staged }, _random, met) =>
      struck(staged, met, async (site) => void (await site.gateway.ask({ ask: 'crash-media' }))),
  },
];
