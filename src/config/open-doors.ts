import { isLoopback } from '../shared/addresses.ts';
import type { GatewayConfig } from './schema.ts';
import type { FoundWarning } from './warnings.ts';

const TRUSTING = 'NODE_TLS_REJECT_UNAUTHORIZED';

/** What gives up what TLS is for. @param env of the process */
export function openDoors(
  config: GatewayConfig,
  env: Readonly<Record<string, string | undefined>> = process.env,
): FoundWarning[] {
  return [...clearHttp(config), ...clearDatabase(config), ...trustingSip(config), ...trustingNode(env)];
}

function clearHttp({ meta: { graphUrl } }: GatewayConfig): FoundWarning[] {
  const url = URL.parse(graphUrl);
  if (url?.protocol !== 'http:' || isOwn(url.hostname)) return [];
  const remedy = 'Use https, or an address of this machine.';
  return [{ path: ['meta', 'graphUrl'], message: 'access tokens travel in the clear.', remedy }];
}

function clearDatabase({ records: { postgres } }: GatewayConfig): FoundWarning[] {
  const url = postgres && URL.parse(postgres.url);
  if (!url || isOwn(url.hostname) || url.searchParams.get('sslmode') === 'verify-full') return [];
  return [
    {
      path: ['records', 'postgres', 'url'],
      message: 'call records may travel in the clear, or to somebody in between.',
      remedy: 'Add ?sslmode=verify-full, and sslrootcert when its authority is your own.',
    },
  ];
}

function trustingSip({ sip }: GatewayConfig): FoundWarning[] {
  return sip.listen.flatMap(({ tls }, i) => {
    const path = (key: string) => ['sip', 'listen', i, 'tls', key];
    return [
      ...(tls?.acceptAnyServer
        ? [
            {
              path: path('acceptAnyServer'),
              message: 'whoever stands between here and the PBX can take calls and their keys over.',
              remedy: 'Name the authority of the PBX in ca, and remove acceptAnyServer.',
            },
          ]
        : []),
      ...(tls?.allowWildcards
        ? [
            {
              path: path('allowWildcards'),
              message: 'any host of a domain can be the PBX (RFC 5922 7.2 forbids it).',
              remedy: 'Have the PBX show a certificate with its own name.',
            },
          ]
        : []),
    ];
  });
}

function trustingNode(env: Readonly<Record<string, string | undefined>>): FoundWarning[] {
  if (env[TRUSTING] !== '0') return [];
  return [
    {
      path: ['meta', 'graphUrl'],
      message: `${TRUSTING}=0 in the environment: whoever stands between here and Meta gets the tokens.`,
      remedy: `Unset it; NODE_EXTRA_CA_CERTS names further authorities.`,
    },
  ];
}

/** This machine, or a Unix socket. */
const isOwn = (host: string): boolean =>
  host === '' || host === 'localhost' || isLoopback(host.replace(/^\[|\]$/g, ''));
