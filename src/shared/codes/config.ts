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
  CONFIG_NOT_RELOADED: {
    what: 'The configuration was to be taken up again and has errors; the gateway goes on with the one before.',
    remedy: 'Mend each line that the log names; `msgw check --config FILE` checks it, then `msgw reload`.',
  },
  CONFIG_NOT_APPLIED: {
    what: 'The configuration is right, and could not be taken up while the gateway runs; nothing of it was.',
    remedy:
      'See the problems in the log line: usually something needs a restart, or a file that is named cannot be used.',
  },
} as const satisfies Record<string, CodeEntry>;
