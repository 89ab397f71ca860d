import type { CodeEntry } from '../error.ts';

export const trunkCodes = {
  TRUNK_DOWN: {
    what: 'A trunk does not answer, or asks not to be used: calls go to the other targets of their routes first.',
    remedy:
      'Look at why in the log line or in GET /trunks; check that the PBX runs, is reachable and takes OPTIONS, or set trunks.<name>.qualify.everyS to 0.',
  },
  TRUNK_NOT_REGISTERED: {
    what: 'A call was to go to a phone or PBX that registers here, and is not registered.',
    remedy: 'See why it does not register: registrar.refused in the log, its own log, sip.allow.',
  },
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
