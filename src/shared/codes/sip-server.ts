import type { CodeEntry } from '../error.ts';

export const sipServerCodes = {
  SIP_SERVER_OPTIONS: {
    what: 'An option of the embedded SIP server is not usable.',
    remedy: 'Correct the option that the message names.',
  },
  SIP_SERVER_ALLOW_MISSING: {
    what: 'The embedded SIP server was to listen on a public address without a list of peers it may talk to.',
    remedy:
      'List the addresses or networks of the PBX (sip.allow, or --allow), or listen on a loopback address.',
  },
  SIP_SERVER_LISTEN: {
    what: 'The embedded SIP server could not open one of its listening sockets.',
    remedy: 'Check that the address belongs to this machine and that no other program uses the port.',
  },
  SIP_SERVER_TLS: {
    what: 'A certificate, key or list of authorities of a TLS listener cannot be used.',
    remedy: 'Correct the file that the message names: PEM, readable, and the key that of the certificate.',
  },
  SIP_SERVER_WORKER: {
    what: 'The worker thread of the embedded SIP server stopped by itself or did not start.',
    remedy: 'Report it with the log lines before it; check the memory of the machine.',
  },
} as const satisfies Record<string, CodeEntry>;
