import type { CodeEntry } from '../error.ts';

export const simCodes = {
  SIM_WEBHOOK: {
    what: 'The simulator could not deliver a webhook.',
    remedy: 'Check that the gateway runs and that the webhook URL given to the simulator is its own.',
  },
} as const satisfies Record<string, CodeEntry>;
