import type { CodeEntry } from '../error.ts';

export const sipCodes = {
  SIP_CONTROL_UNREACHABLE: {
    what: 'The SIP server could not be reached on its drachtio application port.',
    remedy:
      'Check sip.server.host and sip.server.port, and that drachtio-server is running and lets this machine in.',
  },
  SIP_SECRET_REFUSED: {
    what: 'The SIP server refused the shared secret of its drachtio application port.',
    remedy: 'Set sip.server.secret to the secret in drachtio.conf.xml.',
  },
  SIP_CLOSED: {
    what: 'The SIP leg was closed while it was connecting.',
    remedy: 'None: the gateway is stopping.',
  },
} as const satisfies Record<string, CodeEntry>;
