import type { Found } from './cross-checks.ts';
import type { GatewayConfig } from './schema.ts';

/** What registrations and proxies need beside themselves. */
export function registrationChecks({ sip, trunks }: GatewayConfig, name: string): Found[] {
  const found: Found[] = [];
  const { register, credentials, proxy } = trunks[name] ?? {};
  const path = ['trunks', name];
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
