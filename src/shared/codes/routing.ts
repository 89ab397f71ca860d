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
  ROUTING_LOOP: {
    what: 'A route leads back to itself when it comes to nothing, so the call is rejected there.',
    remedy: 'Change onBusy, onNoAnswer or onFailed of one of the routes on the way.',
  },
  ROUTING_TARGET_MALFORMED: {
    what: 'A REFER, 302 or operator names a target that is no SIP URI with a user part.',
    remedy: 'Let the phone or PBX name sip:user@host.',
  },
  ROUTING_TARGET_ELSEWHERE: {
    what: 'A REFER, 302 or operator names a host that belongs to no trunk.',
    remedy: 'Transfer to a host that a trunk has (host, from, fromDomain), or add a trunk for it.',
  },
  ROUTING_TARGET_PSTN: {
    what: 'A REFER, 302 or operator names what looks like a telephone number, or a trunk that reaches the PSTN: Meta forbids the PSTN on any leg.',
    remedy:
      'Transfer to an extension; where such numbers stay on the internet, add a pattern to transferTo of the trunk that says how they begin.',
  },
  ROUTING_TARGET_NOT_ALLOWED: {
    what: 'A REFER, 302 or operator names a user that the trunk has no pattern for.',
    remedy: 'Add a pattern to transferTo of the trunk, such as 2??.',
  },
} as const satisfies Record<string, CodeEntry>;
