import type { CodeEntry } from '../error.ts';

export const simCodes = {
  SIM_LISTEN: {
    what: 'The port of the simulator could not be opened.',
    remedy: 'Choose another --port; --address must be an address of this machine.',
  },
  SIM_WEBHOOK: {
    what: 'The simulator could not deliver a webhook.',
    remedy: 'Check that the gateway runs and that the webhook URL given to the simulator is its own.',
  },
  SIM_NOT_CONNECTED: {
    what: 'The simulated consumer cannot press keys: the call is not connected.',
    remedy: 'Wait until the call is connected (state connected), and press before it ends.',
  },
} as const satisfies Record<string, CodeEntry>;
