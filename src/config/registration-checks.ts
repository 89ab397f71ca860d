import type { Found } from './found.ts';
import { suggestion } from './problem.ts';
import type { GatewayConfig } from './schema.ts';
import { NO_HOST } from './schema-registration.ts';

/** What registrations and proxies need beside themselves. */
export function registrationChecks({ sip, trunks }: GatewayConfig, name: string): Found[] {
  const found: Found[] = [];
  const { register, credentials, proxy, registered, host } = trunks[name] ?? {};
  const path = ['trunks', name];
  if (registered === undefined && host === NO_HOST) {
    found.push({
      path: [...path, 'host'],
      message: 'is missing.',
      remedy:
        'Add the host name or address of the PBX or phone, or registered: the account it registers with.',
    });
  }
  if (registered !== undefined) {
    const users = (sip.registrar?.accounts ?? []).map(({ user }) => user);
    if (!users.includes(registered)) {
      const meant = suggestion(registered, users);
      found.push({
        path: [...path, 'registered'],
        message: `sip.registrar.accounts has no "${registered}".`,
        remedy: meant ? `Did you mean "${meant}"?` : 'Add user and password to sip.registrar.accounts.',
      });
    }
    if (host !== NO_HOST || register || proxy !== undefined) {
      found.push({
        path: [...path, 'registered'],
        message: 'host, register and proxy say where the trunk is, and so does its registration.',
        remedy: 'Remove registered, or those.',
      });
    }
  }
  const transport =
    /;transport=(\w+)/.exec(proxy ?? '')?.[1] ?? (/^sips:/.test(proxy ?? '') ? 'tls' : undefined);
  if (
    transport !== undefined &&
    sip.server === 'embedded' &&
    !sip.listen.some(({ protocol }) => protocol === transport)
  ) {
    found.push({
      path: [...path, 'proxy'],
      message: `sip.listen has no ${transport} listener.`,
      remedy: `Add one with protocol: ${transport}, or let the proxy be reached as the trunk is.`,
    });
  }
  if (!register) return found;
  if ((register.username === undefined) !== (register.password === undefined)) {
    found.push({
      path: [...path, 'register'],
      message: 'one of username and password is missing.',
      remedy: 'Set both, or neither: then credentials of the trunk are used.',
    });
  }
  if ((register.user ?? register.username ?? credentials?.username) === undefined) {
    found.push({
      path: [...path, 'register'],
      message: 'nothing says who registers.',
      remedy: 'Add user, or username and password.',
    });
  }
  return found;
}

/** Of the registrar itself. */
export function registrarChecks({ sip }: GatewayConfig): Found[] {
  const { registrar } = sip;
  if (!registrar) return [];
  const { minS, defaultS, maxS } = registrar.expires;
  const users = registrar.accounts.map(({ user }) => user);
  return [
    ...(minS <= defaultS && defaultS <= maxS
      ? []
      : [
          {
            path: ['sip', 'registrar', 'expires'],
            message: 'minS, defaultS and maxS are not in that order.',
            remedy: 'Set defaultS between minS and maxS.',
          },
        ]),
    ...users.flatMap((user, i) =>
      users.indexOf(user) === i
        ? []
        : [
            {
              path: ['sip', 'registrar', 'accounts', i, 'user'],
              message: `"${user}" is there twice.`,
              remedy: 'Remove one of them.',
            },
          ],
    ),
  ];
}
