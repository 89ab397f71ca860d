import type { GraphClientOptions } from '../../src/meta/index.ts';
import type { MetaSimulator } from '../../src/sim/index.ts';
import { type ClientRig, clientOf } from '../meta/graph-client.ts';
import { SECRET, TOKEN } from './world.ts';

/** Of `start`. */
export const SIM_PAGE = '10';
export const APP = '4711';

/** The gateway's own client, asking this simulator over HTTP. */
export function clientOfSim(simulator: MetaSimulator, more: Partial<GraphClientOptions> = {}): ClientRig {
  return clientOf(simulator.graphUrl, {
    credentials: (pageId) =>
      pageId === SIM_PAGE ? { accessToken: TOKEN, appSecret: SECRET, appId: APP } : undefined,
    ...more,
  });
}
