import type { GatewayConfig } from '../config/index.ts';
import type { ListenOptions, RateLimitOptions, SipAccess, SipServerSettings } from '../sip-server/index.ts';

type SipConfig = GatewayConfig['sip'];
type RateLimit = NonNullable<SipConfig['rateLimit']>;

const LOOPBACK = ['127.0.0.0/8', '::1'];

/** The configuration as the embedded SIP server wants it; loopback is always among the peers. */
export function sipServerSettings(config: SipConfig): Omit<SipServerSettings, 'secret'> {
  const { externalAddress, localNetworks, dnsServers, keepAliveS } = config;
  const { allow, rateLimit } = accessOf(config);
  return {
    listen: config.listen.map(listener),
    allow,
    keepAliveMs: keepAliveS * 1_000,
    ...(externalAddress !== undefined && { externalAddress }),
    ...(localNetworks && { localNetworks }),
    ...(dnsServers && { dnsServers }),
    ...(rateLimit !== undefined && { rateLimit }),
  };
}

/** What of it may change while the server runs. */
export const accessOf = ({ allow, rateLimit }: Pick<SipConfig, 'allow' | 'rateLimit'>): SipAccess => ({
  allow: [...LOOPBACK, ...allow],
  rateLimit: rateLimit && limit(rateLimit),
});

function listener(config: SipConfig['listen'][number]): ListenOptions {
  const { protocol, address, port = protocol === 'tls' ? 5061 : 5060, allow, rateLimit, ...rest } = config;
  return {
    ...rest,
    protocol,
    address,
    port,
    ...(allow && { allow: [...LOOPBACK, ...allow] }),
    ...(rateLimit && { rateLimit: limit(rateLimit) }),
  };
}

const limit = ({ perSecond, ...rest }: RateLimit): RateLimitOptions | false =>
  perSecond === 0 ? false : { perSecond, ...rest };
