import { Type } from 'typebox';
import { host, secret, strict, text, whole } from './schema-kinds.ts';

/** Stands for the host of a trunk that registers to us: where it is, its registration says (RFC 2606 2). */
export const NO_HOST = 'registered.invalid';

const registered = Type.Optional(
  text(
    'In place of host: user of an account of sip.registrar. The phone or PBX that registered is rung where it registered from, and is down while it is not. Its own INVITEs must carry digest of the account.',
  ),
);

/** How a trunk is reached beside its host: keys of a trunk. */
export const reached = {
  registered,
  proxy: Type.Optional(
    text(
      'Outbound proxy: next hop of INVITE, REGISTER and OPTIONS, as a SIP URI or host[:port][;transport=udp|tcp|tls]; default transport: that of the trunk. No Route header is added.',
      { format: 'next-hop' },
    ),
  ),
  register: Type.Optional(
    Type.Object(
      {
        servers: Type.Optional(
          Type.Array(text('host or host:port.', { format: 'host-port' }), {
            description:
              'Registrars, best first; default: host and port of the trunk. The next one is asked when one is silent or busy (5xx), the first one again with every refresh. Calls go to the one that has the registration.',
            minItems: 1,
          }),
        ),
        user: Type.Optional(text('User part of the address of record; default: the user name.')),
        domain: Type.Optional(
          host('Domain of the address of record; default: fromDomain, then host of the trunk.'),
        ),
        username: Type.Optional(text('User name for digest; default: that of credentials.')),
        password: Type.Optional(secret('Its password; default: that of credentials.')),
        contactUser: Type.Optional(
          text(
            'User part of our Contact: calls from the registrar to it are of this trunk, and the number called is that of To. Default: user.',
          ),
        ),
        expiresS: whole(
          'How long a registration shall last, s; the registrar decides. Refreshed at some 80 % of it.',
          30,
          86_400,
          300,
        ),
        refreshS: Type.Optional(
          whole(
            'REGISTER again after so many seconds at the latest, where a NAT on the way forgets UDP sooner than OPTIONS (qualify) or the registration remind it: 25 suits most. TCP and TLS have keep-alives of their own (sip.keepAliveS).',
            10,
            86_400,
          ),
        ),
      },
      { ...strict, description: 'Register at the PBX (REGISTER, RFC 3261 10), for one that wants that.' },
    ),
  ),
};
