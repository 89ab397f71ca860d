import type { CodeEntry } from '../error.ts';

export const configCodes = {
  CONFIG_FILE: {
    what: 'The configuration file could not be read.',
    remedy: 'Check the path given with --config and its permissions.',
  },
  CONFIG_INVALID: {
    what: 'The configuration has errors; the gateway did not start.',
    remedy: 'Mend each line that is listed; `msgw check --config FILE` checks again.',
  },
} as const satisfies Record<string, CodeEntry>;
