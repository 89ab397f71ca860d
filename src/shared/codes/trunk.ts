import type { CodeEntry } from '../error.ts';

export const trunkCodes = {
  TRUNK_FULL: {
    what: 'A call found no room at a trunk: as many calls are up there as trunks.<name>.maxCalls permits.',
    remedy:
      'Raise maxCalls to what the PBX or provider permits, or add a target of another trunk to the route.',
  },
  TRUNK_RATE: {
    what: 'More calls were to be placed at a trunk within a second than trunks.<name>.callsPerSecond permits.',
    remedy:
      'Raise callsPerSecond to what the PBX or provider permits, or add a target of another trunk to the route.',
  },
} as const satisfies Record<string, CodeEntry>;
