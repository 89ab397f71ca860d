import type { CodeEntry } from '../error.ts';

export const routingCodes = {
  ROUTING_UNKNOWN_PAGE: {
    what: 'A call came for a page that the configuration does not name.',
    remedy: 'Add the page under pages, or unsubscribe it from the app.',
  },
  ROUTING_UNKNOWN_ROUTE: {
    what: 'A page names a route that does not exist.',
    remedy: 'Add the route under routes, or correct its name at the page.',
  },
  ROUTING_EMPTY_ROUTE: {
    what: 'A route has no target, so its calls are rejected.',
    remedy: 'Give the route at least one target.',
  },
  ROUTING_UNKNOWN_TRUNK: {
    what: 'A target names a trunk that does not exist.',
    remedy: 'Add the trunk under trunks, or correct its name at the target.',
  },
  ROUTING_BAD_ADDRESS: {
    what: 'A trunk or target cannot be written as a SIP URI.',
    remedy: 'Use a host name or IP address, a port from 1 to 65535, and a user part that is not empty.',
  },
} as const satisfies Record<string, CodeEntry>;
