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
  SIP_REGISTER_CREDENTIALS: {
    what: 'The registrar does not take the user name and password of a trunk.',
    remedy: 'Check register.username and register.password (or credentials) of the trunk with the PBX.',
  },
  SIP_REGISTER_REFUSED: {
    what: 'The registrar refused a trunk: it does not know the user, or does not let it register.',
    remedy: 'Check register.user and register.domain of the trunk, and that the PBX lets it register.',
  },
  SIP_REGISTER_INTERVAL: {
    what: 'The registrar and a trunk could not agree on how long a registration lasts (423).',
    remedy: 'Set register.expiresS of the trunk to what the PBX asks for (Min-Expires).',
  },
  SIP_REGISTER_UNAVAILABLE: {
    what: 'The registrar answered a trunk that it cannot serve it now (5xx).',
    remedy:
      'None if it passes: the next server is tried, then the first one again. Else see the log of the PBX.',
  },
  SIP_REGISTER_TIMEOUT: {
    what: 'The registrar of a trunk does not answer.',
    remedy:
      'Check register.servers of the trunk, its transport, and that the network lets SIP through both ways.',
  },
  SIP_REGISTER_UNREACHABLE: {
    what: 'A REGISTER could not be sent: no address, no connection, or a certificate that does not fit.',
    remedy: 'Check register.servers and proxy of the trunk, its DNS name, and sip.listen for its transport.',
  },
  SIP_REGISTRAR_PASSWORD: {
    what: 'Somebody tried to register with a wrong password, or as nobody whom sip.registrar.accounts has.',
    remedy:
      'Check user, password and realm of the phone; if it is a stranger, keep its address out of sip.allow.',
  },
  SIP_REGISTRAR_ACCOUNT: {
    what: 'A phone tried to register the address of another account than that of its password.',
    remedy: 'Set user name and authentication name of the phone to the user of its account.',
  },
  SIP_CLOSED: {
    what: 'The SIP leg was closed while it was connecting.',
    remedy: 'None: the gateway is stopping.',
  },
} as const satisfies Record<string, CodeEntry>;
